use std::fmt::Write;

/// A table as [`table`](crate::table) writes it.
struct Table<'a> {
    /// What the figures depend on.
    place: Vec<&'a str>,
    bare: f64,
    rows: Vec<(&'a str, [f64; 2])>,
}

/// Compares the instructions and the locked instructions of a table with those of the committed one.
///
/// Returns the rows that take more.
pub(crate) fn compare(committed: &str, counted: &str) -> Result<(), String> {
    let (committed, counted) = (Table::parse(committed), Table::parse(counted));
    let is_same = committed.place == counted.place;
    let (allowed, scale) = if is_same {
        (SAME_PLACE, 1.0)
    } else {
        (OTHER_PLACE, committed.bare / counted.bare)
    };
    let mut worse = String::new();
    let names = |table: &Table<'_>| {
        table
            .rows
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    if names(&committed) != names(&counted) {
        worse += "benches/counts.txt has other rows\n";
    }
    for (name, now) in &counted.rows {
        let before = committed.rows.iter().find(|(before, _)| before == name);
        let Some((_, before)) = before else { continue };
        let varying = if before[1] > MANY { VARYING } else { 0.0 };
        let most_locked = (before[1] * allowed).max(before[1] + varying);
        let is_worse = now[0] * scale > before[0] * allowed || now[1] > most_locked;
        if is_worse {
            writeln!(
                worse,
                "{name}: {now:?} instead of {before:?}, scaled by {scale:.3}"
            )
            .unwrap();
        }
    }
    if worse.is_empty() {
        return Ok(());
    }
    worse +=
        "this costs more than before: if it is worth that, renew benches/counts.txt with --save";
    Err(worse)
}

impl<'a> Table<'a> {
    fn parse(table: &'a str) -> Self {
        let mut place = Vec::new();
        let mut rows = Vec::new();
        let mut bare = 0.0;
        for line in table.lines() {
            if let Some(counts) = line.strip_prefix("bare router: ") {
                bare = number(counts.split(' ').next().unwrap());
            } else if let Some((name, figures)) = line.split_at_checked(NAME_LEN)
                && let [instructions, locked, _] =
                    figures.split_whitespace().collect::<Vec<_>>()[..]
                && instructions.parse::<f64>().is_ok()
            {
                rows.push((name.trim_end(), [number(instructions), number(locked)]));
            } else if line.contains(": ") {
                place.push(line);
            }
        }
        assert!(bare > 0.0 && !rows.is_empty(), "no table: {table}");
        Self { place, bare, rows }
    }
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}

/// The width of the first column.
const NAME_LEN: usize = 32;
const SAME_PLACE: f64 = 1.05;
const OTHER_PLACE: f64 = 1.1;
/// Rows with so many locked instructions open a session, and vary by so many from run to run.
const MANY: f64 = 40.0;
const VARYING: f64 = 4.0;
