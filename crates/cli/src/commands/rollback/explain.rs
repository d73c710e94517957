//! Why a release stands where it stands.

use api::{Exit, ReleaseMinute, ReleaseView};
use miette::IntoDiagnostic as _;

use super::shown::{self, odds, percent, share};
use crate::client::{Server, segment};
use crate::settings::{Format, Global};
use crate::{Ended, output};

pub(super) async fn one(server: &Server, id: &str, minutes_max: usize, global: &Global) -> Ended {
    let release: ReleaseView = server.get(&format!("/api/v1/rollbacks/{}", segment(id)?)).await?;
    if global.format == Format::Json {
        output::json(&serde_json::to_value(&release).into_diagnostic()?);
        return Ok(Exit::Done);
    }
    let shown::Told { title, why } = shown::told(&release);
    output::line(format_args!("{title}\n{why}\n"));
    for (name, value) in facts(&release) {
        output::line(format_args!("{name:<12}  {value}"));
    }
    if !release.story.is_empty() {
        output::line("");
    }
    for line in &release.story {
        output::line(format_args!("{:.0}  {}", line.at, line.what));
    }
    minutes(&release, minutes_max);
    output::line(match release.is_reproduced {
        Some(true) => "\nDecided again from what was kept: the same, bit for bit.",
        Some(false) => "\nDecided again from what was kept: NOT the same. This is a defect; please report it.",
        None => "\nNobody knows whether the decision comes out the same when it is made again.",
    });
    Ok(Exit::Done)
}

fn facts(release: &ReleaseView) -> Vec<(&'static str, String)> {
    let ReleaseView { errors, conversations, minute, length, .. } = release;
    let normal = match (release.normal_percent, release.normal_percent_max) {
        (Some(normal), Some(max)) => format!("{}, {} at most", percent(normal), percent(max)),
        (Some(normal), None) => percent(normal),
        (None, _) => "– not known".to_owned(),
    };
    let tolerated = match release.tolerated_percent {
        Some(tolerated) => format!("{} is tolerated", percent(tolerated)),
        None => "nor is what is tolerated".to_owned(),
    };
    let against = release.odds.map_or_else(|| "– without a known past".to_owned(), odds);
    let by = release.published_by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let before = release.before.as_ref().map(|before| format!(", after {before}")).unwrap_or_default();
    let needed = format!("suspect from {}, bad from {}", odds(release.odds_suspect), odds(release.odds_needed));
    let mut facts = vec![
        ("odds against", format!("{against} ({needed})")),
        ("failed", format!("{errors} of {conversations} conversations ({})", share(*errors, *conversations))),
    ];
    if let (Some(min), Some(max)) = (release.share_percent_min, release.share_percent_max) {
        facts.push(("true share", format!("{} to {}, in 95 of 100 cases", percent(min), percent(max))));
    }
    facts.extend([
        ("normal", format!("{normal}; {tolerated}")),
        ("watched", format!("{minute} of {length} minutes")),
        ("mode", release.mode.clone()),
        ("published", format!("{:.0}{by}{before}", release.published_at)),
    ]);
    facts.extend(release.target.as_ref().map(|target| ("gone back to", target.clone())));
    facts.extend(release.recovery_odds.map(|helped| ("it helped", format!("{} for it", odds(helped)))));
    facts
}

/// The last minutes, and how many there are before them.
fn minutes(release: &ReleaseView, shown_max: usize) {
    let all = &release.minutes;
    let shown = all.get(all.len().saturating_sub(shown_max)..).unwrap_or_default();
    if shown.is_empty() {
        return;
    }
    output::line("");
    let rows: Vec<_> = shown.iter().map(row).collect();
    output::table(&["MINUTE", "CONVERSATIONS", "FAILED", "SHARE", "ODDS", "NOTE"], &rows);
    if shown.len() < all.len() {
        let (shown, all) = (shown.len(), all.len());
        output::line(format_args!("the last {shown} of {all} minutes; `--minutes {all}` shows all"));
    }
}

fn row(minute: &ReleaseMinute) -> Vec<String> {
    let note = match (minute.is_after_rollback, minute.is_maintained) {
        (true, _) => "gone back; the odds are that it helped",
        (false, true) => "maintenance",
        (false, false) => "",
    };
    let (count, failed, share) = match (minute.conversations, minute.errors) {
        (Some(count), Some(failed)) => (count.to_string(), failed.to_string(), share(failed.into(), count.into())),
        _ => (shown::unknown(), shown::unknown(), shown::unknown()),
    };
    vec![
        format!("{:.0}", minute.at),
        count,
        failed,
        share,
        minute.odds.map_or_else(shown::unknown, odds),
        note.to_owned(),
    ]
}
