//! What happens to a message before it is read.

use arbitrary::{Result, Unstructured};

/// `message`, in half of the cases as it was made, else with one change: a byte that
/// is another one, an end that comes early or late. Takes one to four bytes.
///
/// # Errors
/// If there are too few.
pub fn changed(mut message: Vec<u8>, bytes: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    match byte(bytes)? {
        0..128 => {}
        128..200 => {
            let at = usize::from(byte(bytes)?);
            let value = byte(bytes)?;
            // Small values are what lengths, versions and types have.
            let value = if value < 128 { value % 32 } else { value };
            if let Some(at) = at.checked_rem(message.len()) {
                message[at] = value;
            }
        }
        200..236 => {
            let len = usize::from(byte(bytes)?);
            message.truncate(len.checked_rem(message.len()).unwrap_or(0));
        }
        236..=255 => {
            let more = byte(bytes)?;
            message.extend((0..=more).map(|i| i.wrapping_mul(more)));
        }
    }
    Ok(message)
}

/// The next byte.
///
/// # Errors
/// If there is none.
pub fn byte(bytes: &mut Unstructured<'_>) -> Result<u8> {
    Ok(bytes.bytes(1)?[0])
}
