//! Where the platform is: regions by name, and the two hosts of each.

use std::str::FromStr;

/// A region of Genesys Cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// The name of the AWS region.
    pub name: &'static str,
    /// The domain; `api.` and `login.` stand before it.
    pub domain: &'static str,
}

/// The regions, as the official SDKs list them.
pub const REGIONS: [Region; 18] = [
    Region { name: "us-east-1", domain: "mypurecloud.com" },
    Region { name: "us-east-2", domain: "use2.us-gov-pure.cloud" },
    Region { name: "us-west-2", domain: "usw2.pure.cloud" },
    Region { name: "ca-central-1", domain: "cac1.pure.cloud" },
    Region { name: "mx-central-1", domain: "mxc1.pure.cloud" },
    Region { name: "sa-east-1", domain: "sae1.pure.cloud" },
    Region { name: "eu-west-1", domain: "mypurecloud.ie" },
    Region { name: "eu-west-2", domain: "euw2.pure.cloud" },
    Region { name: "eu-central-1", domain: "mypurecloud.de" },
    Region { name: "eu-central-2", domain: "euc2.pure.cloud" },
    Region { name: "eusc-de-east-1", domain: "edee1.eusc-pure.cloud" },
    Region { name: "me-central-1", domain: "mec1.pure.cloud" },
    Region { name: "ap-south-1", domain: "aps1.pure.cloud" },
    Region { name: "ap-southeast-1", domain: "apse1.pure.cloud" },
    Region { name: "ap-southeast-2", domain: "mypurecloud.com.au" },
    Region { name: "ap-northeast-1", domain: "mypurecloud.jp" },
    Region { name: "ap-northeast-2", domain: "apne2.pure.cloud" },
    Region { name: "ap-northeast-3", domain: "apne3.pure.cloud" },
];

/// There is no such region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no region `{0}`: write an AWS region such as eu-central-1, or a domain such as mypurecloud.de")]
pub struct UnknownRegion(pub String);

impl FromStr for Region {
    type Err = UnknownRegion;

    /// By name, by domain, or by a host of it.
    ///
    /// ```
    /// assert_eq!("api.mypurecloud.de".parse::<genesys::Region>().unwrap().name, "eu-central-1");
    /// assert!("eu-central-9".parse::<genesys::Region>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Self, UnknownRegion> {
        let wanted = text.trim().to_ascii_lowercase();
        let domain = ["api.", "login.", "apps."].iter().find_map(|host| wanted.strip_prefix(host)).unwrap_or(&wanted);
        let found = REGIONS.iter().find(|region| region.name == wanted || region.domain == domain);
        found.copied().ok_or_else(|| UnknownRegion(text.to_owned()))
    }
}

/// The two hosts that a client talks to, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// Gives tokens.
    pub login: String,
    /// Answers everything else.
    pub api: String,
}

impl Hosts {
    /// The hosts of a region.
    pub fn of(region: Region) -> Self {
        Self { login: format!("https://login.{}", region.domain), api: format!("https://api.{}", region.domain) }
    }

    /// One address in front of both, with a path prefix for each: the gateway setting of the official SDKs. A twin or
    /// a proxy stands there.
    pub fn behind(gateway: &str, login_prefix: &str, api_prefix: &str) -> Self {
        let join = |prefix: &str| {
            let prefix = prefix.trim_matches('/');
            let gateway = gateway.trim_end_matches('/');
            if prefix.is_empty() { gateway.to_owned() } else { format!("{gateway}/{prefix}") }
        };
        Self { login: join(login_prefix), api: join(api_prefix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_is_found_by_its_name_and_its_hosts() {
        for region in REGIONS {
            let hosts = Hosts::of(region);
            for text in [region.name, region.domain, &hosts.api["https://".len()..], &hosts.login["https://".len()..]] {
                assert_eq!(text.parse(), Ok(region), "{text}");
            }
        }
    }

    #[test]
    fn a_gateway_stands_before_both_hosts() {
        let hosts = Hosts::behind("http://127.0.0.1:7710/", "/login/", "api");
        assert_eq!(
            (hosts.login.as_str(), hosts.api.as_str()),
            ("http://127.0.0.1:7710/login", "http://127.0.0.1:7710/api")
        );
        assert_eq!(Hosts::behind("http://x", "", "").api, "http://x");
    }
}
