//! Reading what `cargo test` prints.

use super::Tally;

/// The sum of all `test result:` lines, one a test program.
pub fn tally(text: &str) -> Tally {
    let mut total = Tally::default();
    for line in text.lines() {
        let Some((_, counts)) = line.split_once("test result: ") else {
            continue;
        };
        let count = |word: &str| {
            counts
                .split([';', '.'])
                .filter_map(|part| part.trim().split_once(' '))
                .find_map(|(number, what)| (what == word).then(|| number.parse().ok())?)
                .unwrap_or_default()
        };
        total += Tally {
            passed: count("passed"),
            failed: count("failed"),
            skipped: count("ignored"),
        };
    }
    total
}

/// The names of failed tests with the programs' own words about them.
pub fn failures(text: &str) -> Vec<String> {
    let mut complaints: Vec<String> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let heading = line
            .strip_prefix("---- ")
            .and_then(|rest| rest.strip_suffix(" ----"));
        if let Some(name) = heading {
            let name = name.trim_end_matches(" stdout");
            let mut words = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("---- ")) {
                if line == "failures:" {
                    break;
                }
                words.push(line);
            }
            complaints.push(format!("{name}\n    {}", words.join("\n    ").trim_end()));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
running 3 tests
test a ... ok
test b ... FAILED
test c ... ignored

failures:

---- b stdout ----
thread 'b' panicked at src/lib.rs:1:
left is not right

failures:
    b

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
";

    #[test]
    fn the_results_of_all_programs_add_up() {
        let expected = Tally {
            passed: 5,
            failed: 1,
            skipped: 1,
        };
        assert_eq!(tally(TEXT), expected);
    }

    #[test]
    fn a_failure_is_told_in_the_words_of_the_test() {
        let failures = failures(TEXT);
        assert_eq!(failures.len(), 1);
        assert!(failures[0].starts_with("b\n") && failures[0].ends_with("left is not right"));
    }
}
