//! Where one side of onion services meets the other: a client's circuits to
//! introduction points and a service's to rendezvous points, from the CIRC events
//! of its control port. Of such a relay tor knows only what the other side told
//! it, no protocol versions among it; so the last hop of these circuits is the one
//! place for which tor 0.4.9 still asks for plain ntor.

use anyhow::Result;

use crate::control::Control;

/// Watches the circuits of one client or onion service.
pub struct Points {
    control: Control,
}

impl Points {
    /// Watches through a connection to the node's control port, from now on.
    pub fn watch(mut control: Control) -> Result<Points> {
        control.set_events(&["CIRC"])?;
        Ok(Points { control })
    }

    /// The introduction or rendezvous points to which circuits have been completed
    /// since this was last asked, by name, one for each circuit.
    pub fn reached(&mut self) -> Result<Vec<String>> {
        // An answer brings the events before it along.
        self.control.get_info("version")?;
        let events = std::iter::from_fn(|| self.control.queued_event());
        Ok(events.filter_map(|event| point(event.message())).collect())
    }
}

fn point(event: &str) -> Option<String> {
    let words: Vec<&str> = event.split(' ').collect();
    let ["CIRC", _, "BUILT", path, rest @ ..] = words.as_slice() else {
        return None;
    };
    let leads_there = rest
        .iter()
        .any(|word| matches!(*word, "PURPOSE=HS_CLIENT_INTRO" | "PURPOSE=HS_SERVICE_REND"));
    let last = path.rsplit(',').next()?.rsplit(['~', '=']).next()?;
    leads_there.then(|| last.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_circuits_to_the_other_sides_points_count() {
        let built = |purpose| format!("CIRC 9 BUILT $AA~relay1,$BB~exit2 PURPOSE={purpose} X=1");
        assert_eq!(point(&built("HS_CLIENT_INTRO")), Some("exit2".to_owned()));
        assert_eq!(point(&built("HS_SERVICE_REND")), Some("exit2".to_owned()));
        assert_eq!(point(&built("HS_CLIENT_REND")), None);
        assert_eq!(point("CIRC 9 EXTENDED $AA~a PURPOSE=HS_CLIENT_INTRO"), None);
    }
}
