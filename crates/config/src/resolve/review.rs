//! What was meant by targets, and by how integrations are asked.

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde_saphyr::Spanned;

use super::Resolver;
use crate::raw;
use crate::resolved::{
    Health, KEEP, KEEP_MAX, NIGHTLY_MAX, NightlyPlan, PLATFORM_TARGET, Platform, Review, SAMPLES, SAMPLES_MAX, SLA,
    Target,
};

/// The target that is production unless it says otherwise.
const PRODUCTION: &str = "production";

impl Resolver<'_> {
    /// `platform` is the section of this name, and what it says of being production.
    pub(crate) fn review(&mut self, review: raw::Review, platform: Option<(Platform, Option<bool>)>) -> Review {
        let mut targets: Vec<Target> = Vec::new();
        for (name, target) in review.targets.0 {
            if name == PLATFORM_TARGET {
                let hint = "choose another name for this target";
                self.wrong(target.referenced, "the name `platform` is that of the section `platform`", hint);
            }
            let is_production = target.value.is_production.unwrap_or(name == PRODUCTION);
            targets.extend(self.platform(target).map(|platform| Target { name, platform, is_production }));
        }
        if let Some((platform, is_production)) = platform {
            // One organisation under two names is production under both. Two in one region are told apart by their
            // OAuth clients.
            let is_same = |target: &Target| {
                let there = &target.platform;
                target.is_production && there.place == platform.place && there.client.id == platform.client.id
            };
            let is_production = is_production.unwrap_or_else(|| targets.iter().any(is_same));
            targets.insert(0, Target { name: PLATFORM_TARGET.to_owned(), platform, is_production });
        }
        let integrations = review.integrations.0;
        let integrations = integrations.into_iter().map(|(name, integration)| self.health(name, integration)).collect();
        let owner = review.owner.filter(|owner| !owner.trim().is_empty());
        let known = Review { owner, targets, integrations, plans: Vec::new() };
        let mut plans: Vec<NightlyPlan> = Vec::new();
        for plan in review.plans {
            let at = plan.referenced;
            let Some(plan) = self.nightly(plan.value, &known) else { continue };
            if plans.iter().any(|earlier| earlier.file == plan.file && earlier.target == plan.target) {
                let message = format!("{} is reviewed at {} already", plan.file, plan.target);
                self.wrong(at, message, "take one of the two away; once a night is enough");
            } else if plans.len() == NIGHTLY_MAX {
                let message = format!("more than {NIGHTLY_MAX} plans are more than a night has room for");
                self.wrong(at, message, "let pipelines hand the others in: `steadyline review PLAN --submit`");
                break;
            }
            plans.push(plan);
        }
        Review { plans, ..known }
    }

    /// Everything that is wrong with it is told; `None` when it cannot be reviewed.
    fn nightly(&mut self, plan: raw::NightlyPlan, known: &Review) -> Option<NightlyPlan> {
        let raw::NightlyPlan { file, target, at, zone, keep, touch_production } = plan;
        if file.value.trim().is_empty() {
            self.wrong(
                file.referenced,
                "a plan without a file",
                "name the file that `steadyline review init` has written",
            );
        }
        match known.target(Some(&target.value)) {
            Ok(found) if found.is_production && !touch_production => {
                let message = format!("callers are in `{}`: a review carries out Data Actions there", target.value);
                self.wrong(target.referenced, message, "review the sandbox, or say `touchProduction: true`");
            }
            Ok(_) => {}
            Err(unknown) => {
                let hint = unknown.hint();
                self.wrong(target.referenced, unknown.to_string(), hint);
            }
        }
        if let Some(keep) = keep.as_ref().filter(|keep| !(1..=KEEP_MAX).contains(&keep.value)) {
            let message = format!("of a plan 1 to {KEEP_MAX} reviews are kept");
            self.wrong(keep.referenced, message, "90 are three months of nights");
        }
        let time = Time::strptime("%H:%M", &at.value);
        if time.is_err() {
            let message = format!("`{}` is no time of day", at.value);
            self.wrong(at.referenced, message, "write hours and minutes, such as \"02:30\"");
        }
        let zone = match zone {
            None => Some(TimeZone::UTC),
            Some(zone) => {
                let found = TimeZone::get(&zone.value).ok();
                if found.is_none() {
                    let message = format!("`{}` is no IANA time zone", zone.value);
                    self.wrong(zone.referenced, message, "write one such as Europe/Berlin");
                }
                found
            }
        };
        let keep = keep.map_or(KEEP, |keep| keep.value);
        Some(NightlyPlan {
            file: file.value,
            target: target.value,
            at: time.ok()?,
            zone: zone?,
            keep,
            touch_production,
        })
    }

    fn health(&mut self, name: String, integration: Spanned<raw::Integration>) -> Health {
        let Spanned { value: integration, referenced: at, .. } = integration;
        let raw::Integration { action, inputs, url, sla, samples } = integration;
        if action.is_some() == url.is_some() {
            let message = format!("integration `{name}` needs exactly one way to be asked");
            self.wrong(at, message, "write `action`, the name of a Data Action, or `url`");
        }
        if let Some(url) = &url {
            let _checked = self.url(url);
        }
        if sla.as_ref().is_some_and(|sla| sla.0 == Duration::ZERO) {
            self.wrong(at, format!("integration `{name}` can never answer in no time"), "4s is what guides ask for");
        }
        if let Some(samples) = samples.as_ref().filter(|samples| !(1..=SAMPLES_MAX).contains(&samples.value)) {
            let message = format!("an integration is asked 1 to {SAMPLES_MAX} times");
            self.wrong(samples.referenced, message, "five times is enough to see a slow one");
        }
        Health {
            name,
            action,
            inputs,
            url: url.map(|url| url.value),
            sla: sla.map_or(SLA, |sla| sla.0),
            samples: samples.map_or(SAMPLES, |samples| samples.value),
        }
    }
}
