//! SHA-256 checksums of a data set's files.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::DatasetError;

/// What the bytes of some files must hash to, by the files' names as they lie in the folder (`.gz` included).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checksums(BTreeMap<String, String>);

impl Checksums {
    /// Adds a line as `sha256sum` prints it: 64 hexadecimal digits, blanks, a file's name, which is returned. `None` if it
    /// is no such line.
    pub fn add<'l>(&mut self, line: &'l str) -> Option<&'l str> {
        let (digits, name) = line.split_once(char::is_whitespace)?;
        // `sha256sum --binary` puts an asterisk before the name.
        let name = name.trim().trim_start_matches('*');
        let is_sum = digits.len() == 64 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
        if !is_sum || name.is_empty() {
            return None;
        }
        self.0.insert(name.to_owned(), digits.to_ascii_lowercase());
        Some(name)
    }

    /// Whether `bytes` are what file `name` should hold; files without a checksum always are. A file whose plain or gzipped
    /// twin has one has that.
    ///
    /// # Errors
    /// [`DatasetError::Checksum`] if not.
    pub fn verify(&self, name: &str, bytes: &[u8]) -> Result<(), DatasetError> {
        // Which of the twins is read depends on what is there: a checksum is not to be lost by that.
        let twin = name.strip_suffix(".gz").map_or_else(|| format!("{name}.gz"), str::to_owned);
        let Some(expected) = self.0.get(name).or_else(|| self.0.get(&twin)) else { return Ok(()) };
        let found: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        if found == *expected {
            return Ok(());
        }
        Err(DatasetError::Checksum { file: name.to_owned(), found, expected: expected.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2's example.
    const OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn files_are_told_apart_by_their_bytes() {
        let mut sums = Checksums::default();
        sums.add(&format!("{}  a.bin", OF_ABC.to_uppercase())).unwrap();
        assert!(sums.verify("a.bin", b"abc").is_ok() && sums.verify("other.bin", b"abd").is_ok());
        let message = sums.verify("a.bin", b"abd").unwrap_err().to_string();
        assert!(sums.verify("a.bin.gz", b"abd").is_err(), "the checksum is of another file in its place");
        assert!(message.contains("`a.bin`") && message.contains(OF_ABC) && message.contains("a52d159f"), "{message}");
    }

    #[test]
    fn lines_are_those_of_sha256sum() {
        let mut sums = Checksums::default();
        assert_eq!(sums.add(&format!("{OF_ABC} *a.bin")), Some("a.bin"));
        assert!(sums.verify("a.bin", b"").is_err());
        for line in ["", "a.bin", &OF_ABC[1..], &format!("{OF_ABC}  "), &format!("x{}  a.bin", &OF_ABC[1..])] {
            assert_eq!(sums.add(line), None, "{line}");
        }
    }
}
