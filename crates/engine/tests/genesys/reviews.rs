//! Reviews of whole organisations: each with one thing that is wrong, and some with nothing.
//!
//! The organisations are twins in this process, on virtual time, and the client is the real one. What is judged is
//! written, read and judged again, so that each case also holds the evidence to its word.

mod broken;
mod healthy;
mod house;
mod left;

use house::{Case, House};
use review::{Verdict, Weight};

/// Organisations with one fault, and what must be said of it.
#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_found_and_named() {
    let mut wrong = Vec::new();
    let cases = broken::cases();
    assert!(30 <= cases.len(), "{}", cases.len());
    for Case { name, house, expected, check, about } in cases {
        let review = house.review().await;
        let found = review.results.iter().find(|it| it.check.id == check).unwrap();
        let weight = if expected == Verdict::Blocked { Weight::Blocks } else { Weight::Unknown };
        let is_named =
            found.judged.findings.iter().any(|finding| {
                finding.weight == weight && format!("{}: {}", finding.about, finding.what).contains(about)
            });
        if review.verdict() != expected || !is_named {
            wrong.push(format!("{name}: {:?}, and {check} says {:?}", review.verdict(), found.judged.findings));
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n{}", wrong.len(), wrong.join("\n"));
}

/// Organisations without a fault, each from a seed of its own.
#[tokio::test(start_paused = true)]
async fn what_is_well_passes_without_a_word() {
    for seed in 0..10 {
        let house: House = healthy::organisation(seed);
        let review = house.review().await;
        let said: Vec<_> = review.results.iter().flat_map(|it| &it.judged.findings).collect();
        assert_eq!(review.verdict(), Verdict::Pass, "seed {seed}: {said:?}");
        assert!(said.iter().all(|finding| finding.weight == Weight::Info), "seed {seed}: {said:?}");
        let skipped = review.results.iter().filter(|it| it.judged.verdict() == Verdict::Skipped).count();
        assert!(seed % 2 == 1 || skipped == 0, "seed {seed} leaves nothing out");
    }
}
