//! What differs from run to run in a line of a log.

/// The text with `#` in the place of what stands behind each `before`, as long as its
/// characters are of a number.
pub fn mask(text: &str, before: &str, is_of_number: impl Fn(char) -> bool) -> String {
    let mut parts = text.split(before);
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(&is_of_number);
        masked += before;
        if rest.len() < part.len() {
            masked.push('#');
        }
        masked += rest;
    }
    masked
}
