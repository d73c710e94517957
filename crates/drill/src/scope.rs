//! What one experiment may touch, as a value that answers for each thing.
//!
//! A scope comes from a guard and from nowhere else. What it allows is what the guard names, and nothing that could be an
//! emergency number, which no guard can name.

use std::fmt;

use crate::guard::{Guard, HostPort, Operation, Things};
use crate::number::{NoNumber, Number, Pattern};

/// Something that a step is about to touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A number that is called, as it would be dialled.
    To(&'a str),
    /// A number that a call shows.
    From(&'a str),
    /// A trunk, by name.
    Trunk(&'a str),
    /// A queue, by name.
    Queue(&'a str),
    /// A flow, by name.
    Flow(&'a str),
    /// A host with its port.
    Host(&'a str),
    /// A campaign, by id.
    Campaign(&'a str),
    /// An operation of the platform, on an object.
    Api {
        /// The operation.
        operation: &'a str,
        /// The object's id.
        object: &'a str,
    },
}

impl fmt::Display for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::To(number) => write!(f, "calls to {number}"),
            Self::From(number) => write!(f, "calls from {number}"),
            Self::Trunk(name) => write!(f, "trunk {name}"),
            Self::Queue(name) => write!(f, "queue {name}"),
            Self::Flow(name) => write!(f, "flow {name}"),
            Self::Host(name) => write!(f, "host {name}"),
            Self::Campaign(id) => write!(f, "campaign {id}"),
            Self::Api { operation, object } => write!(f, "operation {operation} on {object}"),
        }
    }
}

/// Why something may not be touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfScope {
    /// It is no number that a drill may use, whatever a guard says.
    Number(NoNumber),
    /// The guard forbids it.
    Forbidden,
    /// The guard does not allow it.
    NotAllowed,
}

impl OutOfScope {
    /// Why, as a lowercase fragment.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Number(why) => why.what(),
            Self::Forbidden => "the guard forbids it",
            Self::NotAllowed => "the guard does not allow it",
        }
    }
}

/// What may be touched.
///
/// ```
/// use drill::{Guard, NoNumber, OutOfScope, Resource, Scope};
/// let mut guard = Guard::default();
/// guard.allow.to.push("+1555019*".parse().unwrap());
/// let scope = Scope::of(&guard);
/// assert_eq!(scope.permits(&Resource::To("sip:+15550199001@carrier.example")), Ok(()));
/// assert_eq!(scope.permits(&Resource::To("+15550200001")), Err(OutOfScope::NotAllowed));
/// assert_eq!(scope.permits(&Resource::To("*88911")), Err(OutOfScope::Number(NoNumber::Emergency)));
/// ```
///
/// There is no other way to one:
///
/// ```compile_fail
/// let scope = drill::Scope { allow: Default::default(), forbid: Default::default() };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    allow: Things,
    forbid: Things,
}

impl Scope {
    /// The scope of a guard.
    pub fn of(guard: &Guard) -> Self {
        Self { allow: guard.allow.clone(), forbid: guard.forbid.clone() }
    }

    /// Whether something may be touched.
    ///
    /// # Errors
    /// It may not, and why.
    pub fn permits(&self, resource: &Resource<'_>) -> Result<(), OutOfScope> {
        let named = |things: &Things| -> Result<bool, OutOfScope> {
            Ok(match resource {
                Resource::To(text) => is_in(&things.to, text)?,
                Resource::From(text) => is_in(&things.from, text)?,
                Resource::Trunk(name) => things.trunks.contains(*name),
                Resource::Queue(name) => things.queues.contains(*name),
                Resource::Flow(name) => things.flows.contains(*name),
                Resource::Host(name) => name.parse().is_ok_and(|host: HostPort| things.hosts.contains(&host)),
                Resource::Campaign(id) => things.campaigns.contains(*id),
                Resource::Api { operation, object } => {
                    things.api.contains(&Operation { name: (*operation).to_owned(), object: (*object).to_owned() })
                }
            })
        };
        if named(&self.forbid)? {
            Err(OutOfScope::Forbidden)
        } else if named(&self.allow)? {
            Ok(())
        } else {
            Err(OutOfScope::NotAllowed)
        }
    }
}

/// The only place where numbers are allowed: a text that is no [`Number`] never is.
fn is_in(patterns: &[Pattern], text: &str) -> Result<bool, OutOfScope> {
    let number: Number = text.parse().map_err(OutOfScope::Number)?;
    Ok(patterns.iter().any(|pattern| pattern.contains(&number)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn guard(to: &[String]) -> Guard {
        let mut guard = Guard::default();
        // What is no pattern cannot be written into a guard.
        guard.allow.to = to.iter().filter_map(|text| text.parse().ok()).collect();
        guard.allow.from = guard.allow.to.clone();
        guard
    }

    #[test]
    fn a_name_is_allowed_as_it_stands_and_nothing_that_looks_like_it() {
        let mut guard = Guard::default();
        let names = || BTreeSet::from(["dr-test".to_owned()]);
        guard.allow.queues = names();
        guard.allow.trunks = names();
        guard.allow.flows = names();
        guard.allow.campaigns = names();
        guard.allow.hosts = BTreeSet::from(["crm.example:443".parse().unwrap()]);
        guard.allow.api = BTreeSet::from([Operation { name: "put_x".to_owned(), object: "7".to_owned() }]);
        let scope = Scope::of(&guard);
        for name in ["dr-test", "DR-test", "dr-test ", "dr", "*", ""] {
            for resource in
                [Resource::Queue(name), Resource::Trunk(name), Resource::Flow(name), Resource::Campaign(name)]
            {
                assert_eq!(scope.permits(&resource).is_ok(), name == "dr-test", "{resource}");
            }
        }
        for (host, expected) in [
            ("crm.example:443", true),
            ("CRM.example.:443", true),
            ("crm.example:80", false),
            ("a.crm.example:443", false),
            ("crm.example", false),
        ] {
            assert_eq!(scope.permits(&Resource::Host(host)).is_ok(), expected, "{host}");
        }
        assert!(scope.permits(&Resource::Api { operation: "put_x", object: "7" }).is_ok());
        assert!(scope.permits(&Resource::Api { operation: "put_x", object: "8" }).is_err());
        guard.forbid.queues = names();
        assert_eq!(Scope::of(&guard).permits(&Resource::Queue("dr-test")), Err(OutOfScope::Forbidden));
    }

    /// Codes as people know them, apart from the table that is tested.
    const KNOWN: [&str; 16] = [
        "911", "112", "999", "000", "110", "113", "118", "119", "111", "100", "101", "108", "115", "117", "190", "122",
    ];

    fn wrapped() -> impl Strategy<Value = String> {
        let before = "\\*[0-9]{2}|#[0-9]{2}#|[0-9]|00[1-9][0-9]?|011[1-9]|\\+[1-9][0-9]{0,2}|\\+[1-9]0{0,8}|9,|0-|";
        let around = proptest::sample::select(vec![
            ("", ""),
            ("tel:", ""),
            ("tel:", ";phone-context=+1"),
            ("sip:", "@carrier.example"),
            ("sips:", "@x;user=phone"),
            ("SIP:", "@x?a=b"),
            ("<sip:", "@x>"),
            ("\"a\" <tel:", ">"),
            (" ", " "),
        ]);
        (before, proptest::sample::select(KNOWN.to_vec()), around, "[ .()-]?", any::<bool>()).prop_map(
            |(before, code, (start, end), gap, is_escaped)| {
                let code: Vec<String> = code
                    .chars()
                    .map(|digit| if is_escaped { format!("%{:02x}", digit as u32) } else { digit.to_string() })
                    .collect();
                format!("{start}{before}{}{end}", code.join(if is_escaped { "" } else { &gap }))
            },
        )
    }

    proptest! {
        #[test]
        fn no_emergency_number_is_ever_allowed(text in wrapped(), digits in "[1-9][0-9]{6,14}", whole in any::<bool>()) {
            // As broad as a guard can be, and as near to the number as it can be.
            let near: String = text.chars().filter(char::is_ascii_digit).collect();
            let star = if whole { "" } else { "*" };
            let mut patterns = vec![format!("+{digits}{star}"), format!("+{near}{star}"), format!("{text}*"), text.clone()];
            patterns.extend((1..=9).map(|first| format!("+{first}000000*")));
            let scope = Scope::of(&guard(&patterns));
            prop_assert!(scope.permits(&Resource::To(&text)).is_err(), "{}", text);
            prop_assert!(scope.permits(&Resource::From(&text)).is_err(), "{}", text);
        }

        #[test]
        fn what_is_allowed_is_what_the_patterns_say_and_nothing_else(
            patterns in proptest::collection::vec("\\+[2-9][0-9]{6,13}\\*?", 0..4),
            number in "[2-9][0-9]{7,14}",
            cut in 7usize..15,
        ) {
            // One number by chance, and one that a pattern nearly or truly holds.
            let near = patterns.first().map(|pattern| pattern.trim_matches(['+', '*']).to_owned() + &number);
            for digits in [Some(number), near].into_iter().flatten() {
                let digits = &digits[..digits.len().min(cut.max(8))];
                let text = format!("+{digits}");
                let guard = guard(&patterns);
                let is_written = guard.allow.to.iter().any(|pattern| {
                    let pattern = pattern.to_string();
                    pattern.strip_suffix('*').map_or(pattern == text, |start| text.starts_with(start))
                });
                let is_number = text.parse::<Number>().is_ok();
                prop_assert_eq!(Scope::of(&guard).permits(&Resource::To(&text)).is_ok(), is_written && is_number);
            }
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,60}") {
            let scope = Scope::of(&Guard::default());
            for resource in [Resource::To(&text), Resource::Host(&text), Resource::Queue(&text)] {
                prop_assert!(scope.permits(&resource).is_err());
            }
        }
    }
}
