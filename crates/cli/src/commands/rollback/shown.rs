//! How releases are shown.

use api::{ArmedView, ReleaseView};

/// What is not known is not a number.
pub(super) fn unknown() -> String {
    "–".to_owned()
}

/// Odds as the sentences of the guard have them: two digits, and commas between thousands.
pub(super) fn odds(odds: f64) -> String {
    if odds < 1.0 {
        return "below 1 : 1".to_owned();
    }
    if odds < 100.0 {
        return format!("{odds:.1} : 1");
    }
    let unit = 10_f64.powf(odds.log10().floor() - 1.0);
    let digits = format!("{:.0}", (odds / unit).floor() * unit);
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text.push_str(" : 1");
    text
}

/// A share in percent; of nothing there is none.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 { unknown() } else { percent(part as f64 * 100.0 / whole as f64) }
}

/// With as many digits as say something.
pub(super) fn percent(percent: f64) -> String {
    if percent < 10.0 { format!("{percent:.2} %") } else { format!("{percent:.1} %") }
}

/// What its own past says about going back automatically.
pub(super) fn armed(armed: Option<&ArmedView>) -> String {
    match armed {
        None => "not asked yet".to_owned(),
        Some(ArmedView { is_armed: true, tried, .. }) => format!("yes, 0 false alarms in {tried} minutes"),
        Some(ArmedView { fired, tried, .. }) => format!("no, {fired} false alarms in {tried} minutes"),
    }
}

/// A release in two lines.
pub(super) struct Told<'a> {
    /// Which release, and where it stands.
    pub(super) title: String,
    /// Why.
    pub(super) why: &'a str,
}

/// Which release it is, where it stands, and why.
pub(super) fn told(release: &ReleaseView) -> Told<'_> {
    let ReleaseView { id, version, name, state, why, .. } = release;
    Told { title: format!("{id}: version {version} of {name} is {state}"), why }
}

/// One line of a table of releases.
pub(super) fn row(release: &ReleaseView) -> Vec<String> {
    vec![
        release.id.clone(),
        release.name.clone(),
        release.version.clone(),
        format!("{:.0}", release.published_at),
        release.state.clone(),
        release.odds.map_or_else(unknown, odds),
        share(release.errors, release.conversations),
        format!("{} of {}", release.minute, release.length),
    ]
}

/// The heads of that table.
pub(super) const HEADS: [&str; 8] =
    ["ID", "FLOW", "VERSION", "PUBLISHED", "STATE", "ODDS AGAINST", "FAILED", "MINUTES"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_have_two_digits_and_no_more_than_is_known() {
        let said = [0.3, 1.0, 22.04, 99.9, 100.0, 20_000.0, 31_441.0, 1.0e12].map(odds);
        let expected = [
            "below 1 : 1",
            "1.0 : 1",
            "22.0 : 1",
            "99.9 : 1",
            "100 : 1",
            "20,000 : 1",
            "31,000 : 1",
            "1,000,000,000,000 : 1",
        ];
        assert_eq!(said, expected);
        assert_eq!([share(0, 0), share(1, 100), share(1, 5)], ["–", "1.00 %", "20.0 %"]);
    }
}
