//! The rules, each with its page.

use super::Severity::{self, Critical, High, Info, Low, Medium};

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name: `DA001`.
    pub id: &'static str,
    /// What it finds, in a line.
    pub title: &'static str,
    /// How bad it is at most; a finding may be milder, by where the caller ends up.
    pub severity: Severity,
    /// Its page, as Markdown.
    pub page: &'static str,
}

macro_rules! rules {
    ($($id:literal $severity:ident $title:literal)*) => {
        [$(Rule {
            id: $id,
            title: $title,
            severity: $severity,
            page: include_str!(concat!("../../../../docs/rules/", $id, ".md")),
        }),*]
    };
}

impl Rule {
    /// The rule of this name.
    pub(super) fn of(id: &str) -> &'static Self {
        Self::find(id).unwrap_or(&RULES[0])
    }

    /// The rule of this name, in any case.
    pub fn find(id: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.id.eq_ignore_ascii_case(id))
    }
}

/// Every rule, by family.
pub static RULES: [Rule; 70] = rules! {
    "SY001" Critical "the file cannot be read"
    "SY002" High "a part of the file cannot be read"
    "SY003" Low "a comment that allows nothing"
    "DA001" Critical "a Data Action has no path for failure"
    "DA002" Critical "a Data Action has no path for timeout"
    "DA003" High "only one of failure and timeout is handled"
    "DA004" Medium "the interaction is not marked when a Data Action fails"
    "DA005" High "a variable is read that may hold nothing"
    "DA006" Medium "an answer is taken apart without a check"
    "DA007" Low "what the caller typed goes to a Data Action unchecked"
    "DA008" High "inputs do not fit the Data Action's contract"
    "DA009" Medium "the Data Action is a placeholder, or does not exist"
    "TO001" High "a Data Action may keep the caller waiting too long"
    "TO002" Medium "a time limit is left at the default of 60 s"
    "TO003" High "Data Actions on one way take too long together"
    "TO004" Low "flow and Data Action disagree about the time limit"
    "RT001" High "too many attempts"
    "RT002" High "a retry without a pause"
    "RT003" Critical "a retry without an end"
    "RT004" Medium "pauses between attempts do not grow"
    "RT005" Medium "a retry may do twice what should be done once"
    "RT006" Low "a poll loop may go on for too long"
    "RT007" High "a cycle that only the platform's limit ends"
    "RT008" High "the caller is asked again and again because a backend fails"
    "FB001" Critical "a failure ends in silence"
    "FB002" High "a failure ends in a disconnect"
    "FB003" Medium "no way leads to a person"
    "FB004" Low "failure and success cannot be told apart"
    "FB005" Medium "the fallback asks a Data Action again"
    "FB006" Medium "a workflow ends after a failure without a trace"
    "FB007" Info "a failure lowers the priority"
    "AU001" High "dead air while a Data Action runs"
    "AU002" Low "a processing prompt may be shorter than the wait"
    "AU003" Low "an error prompt that says nothing"
    "AU004" Low "silence before a long step"
    "TX001" High "a transfer to a queue has no path for failure"
    "TX002" Medium "a failed transfer ends in a disconnect"
    "TX003" Medium "a transfer in a menu has no path for failure"
    "TX004" High "a transfer has no path for failure"
    "TX005" High "a queue that is not found is used"
    "TX006" Medium "the queue is computed and not checked"
    "EH001" High "an error of the flow disconnects"
    "EH002" Low "the error prompt sends the caller away"
    "DT001" High "a data table lookup has paths missing"
    "DT002" Critical "a lookup that finds nothing drops the caller in silence"
    "DT003" High "the key of a lookup may be unset"
    "EX001" High "a variable's name is written as text"
    "EX002" High "an expression fails when a Data Action or lookup did"
    "EX003" Medium "a division by what may be zero or unset"
    "EP001" High "an endpoint is fixed to one host"
    "EP002" Medium "an identifier is written out"
    "EP003" Critical "a secret outside of credentials"
    "EP004" Medium "a leftover of a demonstration"
    "AC001" Medium "a Data Action has no time limit of its own"
    "AC002" High "an answer without a field fails the Data Action"
    "AC003" High "an input is not escaped"
    "AC004" Medium "an optional input must be there"
    "AC005" High "the success template and the contract do not match"
    "AC006" High "the endpoint is a placeholder"
    "AC007" Medium "a retry cannot tell a busy backend from a broken one"
    "AC008" Low "method, body and headers do not match"
    "RL001" High "more Data Actions per minute than the platform allows"
    "RL002" High "more Data Actions at a time than the platform allows"
    "RL003" Medium "the same question is asked twice"
    "RL004" Low "a Data Action asks what a function knows"
    "ST001" Low "a part is never reached"
    "ST002" High "a reference leads nowhere"
    "ST003" Info "template parameters without a value"
    "ST004" Info "a part is not here to be analysed"
    "ST005" Info "a very long or very deep flow"
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_there_once_and_has_a_page_of_its_own() {
        let mut ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RULES.len());
        for rule in &RULES {
            assert!(rule.page.starts_with(&format!("# {}: {}\n", rule.id, rule.title)), "{}", rule.id);
            for part in ["## What happens", "## What to do"] {
                assert!(rule.page.contains(part), "{}: {part}", rule.id);
            }
        }
    }
}
