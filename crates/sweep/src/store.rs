//! The rows of a sweep, kept so that no crash can spoil them.
//!
//! ```text
//! <folder>/rows/1-of-2.jsonl    one file for each shard, written by one process, appended to only
//!              /2-of-2.jsonl    {"hash":"…","row":{"point":"…","seconds":…,"summary":{…}}}
//! ```
//!
//! A row is written in one piece and carries a hash of itself. What a crash left of a line has no right hash and is
//! ignored; the next line begins behind it. Rows know their point by a hash of all that determines it, so it doesn't
//! matter which shard computed it, or how often.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rebias_arch::Fingerprint;
use rebias_report::Summary;
use serde::{Deserialize, Serialize};

use crate::{FileError, Shard};

/// The folder of shards.
const ROWS: &str = "rows";
/// How often rows are forced to the disk: what is lost beyond that takes more than the end of the process.
const SYNC_PERIOD: Duration = Duration::from_secs(1);

/// What a point gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The hash of all that determines the point.
    pub(crate) point: String,
    /// How long it took.
    pub(crate) seconds: f64,
    pub(crate) summary: Summary,
}

/// A line of a shard.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// Of the row as it is written here.
    hash: String,
    row: Row,
}

/// All rows of a sweep.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    by_point: HashMap<String, Row>,
    /// Lines that are no rows: what crashes left.
    pub(crate) n_torn: usize,
}

impl Line {
    fn new(row: Row) -> serde_json::Result<Self> {
        Ok(Self { hash: Fingerprint::of([serde_json::to_string(&row)?]).to_string(), row })
    }

    /// The row of a whole line.
    fn read(text: &[u8]) -> Option<Row> {
        let Self { hash, row } = serde_json::from_slice(text).ok()?;
        (Self::new(row.clone()).ok()?.hash == hash).then_some(row)
    }
}

impl Rows {
    /// Reads all shards below a sweep's folder; none if there is no such folder yet.
    pub(crate) fn read(folder: &Path) -> Result<Self, FileError> {
        let folder = folder.join(ROWS);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| FileError::Read { path, error }
        };
        let mut rows = Self::default();
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(rows),
            entries => entries.map_err(failed(&folder))?,
        };
        for entry in entries {
            let path = entry.map_err(failed(&folder))?.path();
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                rows.extend(&fs::read(&path).map_err(failed(&path))?);
            }
        }
        Ok(rows)
    }

    fn extend(&mut self, shard: &[u8]) {
        for line in shard.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            match Line::read(line) {
                Some(row) => drop(self.by_point.insert(row.point.clone(), row)),
                None => self.n_torn += 1,
            }
        }
    }

    /// The row of a point.
    pub(crate) fn get(&self, point: Fingerprint) -> Option<&Row> {
        self.by_point.get(&point.to_string())
    }

    /// How many points there are.
    pub(crate) fn len(&self) -> usize {
        self.by_point.len()
    }
}

/// A shard that this process writes.
#[derive(Debug)]
pub(crate) struct ShardWriter {
    path: PathBuf,
    file: File,
    synced: Instant,
}

impl ShardWriter {
    /// Opens a shard below a sweep's folder, behind what is there.
    ///
    /// # Errors
    /// A folder that can't be written to, or another process that writes this shard.
    pub(crate) fn open(folder: &Path, shard: Shard) -> Result<Self, FileError> {
        let folder = folder.join(ROWS);
        fs::create_dir_all(&folder).map_err(|error| FileError::Write { path: folder.clone(), error })?;
        let path = folder.join(shard.file_name());
        let failed = |error| FileError::Write { path: path.clone(), error };
        let mut file = OpenOptions::new().create(true).append(true).read(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FileError::Busy { path }),
            // A file system without locks.
            Err(TryLockError::Error(_)) => {}
        }
        if ends_within_a_line(&mut file).map_err(failed)? {
            file.write_all(b"\n").map_err(failed)?;
        }
        Ok(Self { path, file, synced: Instant::now() })
    }

    /// Appends a row.
    pub(crate) fn append(&mut self, row: Row) -> Result<(), FileError> {
        let failed = |error| FileError::Write { path: self.path.clone(), error };
        let mut line = Line::new(row).and_then(|line| serde_json::to_vec(&line)).map_err(|it| failed(it.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(failed)?;
        if self.synced.elapsed() > SYNC_PERIOD {
            self.sync()?;
        }
        Ok(())
    }

    /// Forces all rows to the disk.
    pub(crate) fn sync(&mut self) -> Result<(), FileError> {
        self.file.sync_data().map_err(|error| FileError::Write { path: self.path.clone(), error })?;
        self.synced = Instant::now();
        Ok(())
    }
}

/// Whether the last line lacks its end.
fn ends_within_a_line(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(point: u64) -> Row {
        let summary = Summary { energy_uj: 0.1 + point as f64 / 3.0, accuracy: Some(0.7), ..Summary::default() };
        Row { point: key(point).to_string(), seconds: 1.5, summary }
    }

    fn key(point: u64) -> Fingerprint {
        Fingerprint::of([point.to_le_bytes()])
    }

    #[test]
    fn rows_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut writer = ShardWriter::open(folder.path(), Shard::WHOLE).expect("writable");
        for point in 0..50 {
            writer.append(row(point)).expect("written");
        }
        let rows = Rows::read(folder.path()).expect("readable");
        assert_eq!((rows.len(), rows.n_torn), (50, 0));
        assert!((0..50).all(|point| rows.get(key(point)) == Some(&row(point))));
    }

    #[test]
    fn a_line_that_is_cut_anywhere_is_ignored_and_the_next_one_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(ROWS).join(Shard::WHOLE.file_name());
        let append = |point| {
            let mut writer = ShardWriter::open(folder.path(), Shard::WHOLE).expect("writable");
            writer.append(row(point)).expect("written");
        };
        append(0);
        let whole = fs::metadata(&path).expect("a file").len();
        append(1);
        let two = fs::read(&path).expect("readable");
        for length in whole..two.len() as u64 {
            fs::write(&path, &two[..length as usize]).expect("written");
            append(2);
            let rows = Rows::read(folder.path()).expect("readable");
            let cut_in_the_line = length > whole;
            // A line that lacks but its end is whole.
            let is_whole = length == two.len() as u64 - 1;
            assert_eq!(rows.get(key(1)).is_some(), is_whole, "{length}");
            assert_eq!(rows.n_torn, usize::from(cut_in_the_line && !is_whole), "{length}");
            assert!(rows.get(key(0)).is_some() && rows.get(key(2)).is_some(), "{length}");
        }
    }

    #[test]
    fn a_row_with_a_wrong_digit_is_ignored() {
        let line = serde_json::to_string(&Line::new(row(0)).expect("a row")).expect("a line");
        assert!(Line::read(line.as_bytes()).is_some());
        assert!(Line::read(line.replace("0.7", "0.8").as_bytes()).is_none());
    }

    #[test]
    fn a_shard_has_one_writer() {
        let folder = tempfile::tempdir().expect("a folder");
        let _first = ShardWriter::open(folder.path(), Shard::WHOLE).expect("writable");
        assert!(matches!(ShardWriter::open(folder.path(), Shard::WHOLE), Err(FileError::Busy { .. })));
        let other = "1/2".parse().expect("a shard");
        assert!(ShardWriter::open(folder.path(), other).is_ok());
    }
}
