//! What results come from, written beside them.

use rebias_arch::Fingerprint;

/// The file beside results.
pub(super) const FILE: &str = "provenance.toml";

/// Options that results do not depend on; each has a value.
const NEUTRAL: [&str; 2] = ["--threads", "--out"];

/// The file's text: version, command, seed, and hashes of what was read.
pub(super) fn toml(seed: u64, hashes: &[(&str, Fingerprint)]) -> Vec<u8> {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut text = format!(
        "# What these results come from. Hashes are of what was read, with all that a design extends.\n\
         version = {}\ncommand = {}\nseed = {seed}\n\n[hash]\n",
        quoted(env!("CARGO_PKG_VERSION")),
        quoted(&command(std::env::args().skip(1))),
    );
    for (what, hash) in hashes {
        text += &format!("{what} = \"{hash}\"\n");
    }
    text.into_bytes()
}

/// The command that was given, without what results do not depend on.
fn command(args: impl Iterator<Item = String>) -> String {
    let mut shown = vec!["rebias".to_owned()];
    let mut args = args;
    while let Some(arg) = args.next() {
        let name = arg.split('=').next().unwrap_or_default();
        if NEUTRAL.contains(&name) {
            if name == arg {
                args.next();
            }
            continue;
        }
        let is_plain = arg.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./=,:+".contains(letter));
        shown.push(if is_plain && !arg.is_empty() { arg } else { format!("'{}'", arg.replace('\'', "'\\''")) });
    }
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_command_is_told_without_what_results_do_not_depend_on() {
        let args = ["simulate", "my chip", "--out", "x", "--seed=3", "--threads=2", "trace"];
        let told = super::command(args.into_iter().map(str::to_owned));
        assert_eq!(told, "rebias simulate 'my chip' --seed=3 trace");
    }
}
