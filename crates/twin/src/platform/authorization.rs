//! Who the client is, what it may do, and which clients there are.

use serde_json::{Value, json};

use super::Need::{All, Any, NoToken, Nothing};
use super::{Answer, ApiError, Call, HOME, Reply, Table, iso, operations};
use crate::world::{Change, Registered, Service};

pub(super) static TABLE: Table = Table {
    service: Service::Authorization,
    operations: &[
        ("GET", "/api/v2/tokens/me", Nothing, me),
        ("HEAD", "/api/v2/tokens/me", Nothing, |_| Ok(Reply::Empty(200))),
        ("DELETE", "/api/v2/tokens/me", Nothing, revoke),
        ("GET", "/api/v2/authorization/subjects/me", Nothing, subject),
        ("GET", "/api/v2/authorization/permissions", Any(&["authorization:role:view"]), permissions),
        ("GET", "/api/v2/oauth/clients", Any(&["oauth:client:view"]), clients),
        ("POST", "/api/v2/oauth/clients", All(&["oauth:client:add"]), register),
        ("GET", "/api/v2/oauth/clients/{clientId}", Any(&["oauth:client:view"]), client),
        ("GET", "/api/v2/oauth/scopes", Nothing, scopes),
        ("GET", "/api/v2/organizations/me", Nothing, organisation),
        ("GET", "/api/v2/ipranges", Nothing, ip_ranges),
    ],
};

/// The scopes of user grants, by area; each may be read-only.
const SCOPES: [&str; 18] = [
    "alerting",
    "analytics",
    "architect",
    "audits",
    "authorization",
    "conversations",
    "integrations",
    "license",
    "notifications",
    "oauth",
    "organization",
    "outbound",
    "process-automation",
    "routing",
    "telephony",
    "upload",
    "usage",
    "user-basic-info",
];

fn me(call: &mut Call<'_>) -> Answer {
    let organisation = json!({"id": call.world.organisation_id, "name": call.world.name});
    let client = json!({"id": call.client.id, "name": call.client.name, "organization": organisation});
    let body = json!({
        "organization": organisation, "homeOrganization": organisation, "authorizedScope": [], "OAuthClient": client,
    });
    Ok(body.into())
}

fn revoke(call: &mut Call<'_>) -> Answer {
    call.world.clients.revoke(call.token);
    call.done()
}

fn subject(call: &mut Call<'_>) -> Answer {
    let policies: Vec<Value> =
        call.world.clients.permissions(&call.client.id).iter().map(|permission| policy(permission)).collect();
    let role = json!({"id": "twin-role", "name": "Twin role", "policies": policies, "default": false});
    let division = json!({"id": HOME, "name": "Home"});
    let made = iso(call.world.began());
    let grant = json!({"subjectId": call.client.id, "division": division, "role": role, "grantMadeAt": made});
    Ok(json!({"id": call.client.id, "name": call.client.name, "grants": [grant], "version": 1}).into())
}

fn policy(permission: &str) -> Value {
    let mut parts = permission.split(':');
    let mut part = || parts.next().unwrap_or("*");
    json!({"domain": part(), "entityName": part(), "actions": [part()]})
}

/// Every permission that an operation here asks for.
fn permissions(call: &mut Call<'_>) -> Answer {
    let mut known: Vec<&str> = operations()
        .iter()
        .flat_map(|operation| match operation.need {
            NoToken | Nothing => &[],
            Any(permissions) | All(permissions) => permissions,
        })
        .copied()
        .collect();
    known.sort_unstable();
    known.dedup();
    let mut domains: Vec<Value> = Vec::new();
    for permission in known {
        let mut parts = permission.split(':');
        let (Some(domain), Some(entity), Some(action)) = (parts.next(), parts.next(), parts.next()) else { continue };
        if domains.last().is_none_or(|last| last["domain"] != domain) {
            domains.push(json!({"id": domain, "name": domain, "domain": domain, "permissionMap": {}}));
        }
        let Some(last) = domains.last_mut() else { continue };
        let label = format!("{entity} {action}");
        let one = json!({"domain": domain, "entityType": entity, "action": action, "label": label,
            "allowsConditions": false, "divisionAware": false});
        match last["permissionMap"][entity].as_array_mut() {
            Some(list) => list.push(one),
            None => last["permissionMap"][entity] = json!([one]),
        }
    }
    call.page(domains)
}

fn clients(call: &mut Call<'_>) -> Answer {
    let listed: Vec<Value> = call.world.clients.iter().map(|client| client_body(call, client)).collect();
    call.page(listed)
}

fn client(call: &mut Call<'_>) -> Answer {
    let found = call.world.clients.iter().find(|client| client.id == call.at("clientId"));
    let found = found.ok_or_else(|| ApiError::not_found("The OAuth client"))?;
    Ok(client_body(call, found).into())
}

/// A new client may do all that its creator may.
fn register(call: &mut Call<'_>) -> Answer {
    let name = call.text("name")?;
    let grant = call.text("authorizedGrantType")?;
    if !grant.eq_ignore_ascii_case("CLIENT-CREDENTIALS") {
        return Err(ApiError::invalid("Only clients with the grant CLIENT-CREDENTIALS can be created here."));
    }
    let seconds = call.object()?.get("accessTokenValiditySeconds").and_then(Value::as_u64);
    if seconds.is_some_and(|seconds| !(300..=172_800).contains(&seconds)) {
        return Err(ApiError::invalid("accessTokenValiditySeconds must be from 300 to 172800."));
    }
    let (id, secret) = (call.id(), call.id());
    let permissions = call.world.clients.permissions(&call.client.id).to_vec();
    let registered = Registered { id: id.clone(), secret: secret.clone(), name: name.clone(), permissions, seconds };
    let mut body = client_body(call, &registered);
    body["secret"] = secret.into();
    call.world.clients.register(registered);
    call.audit(Change { service: "OAuth", entity_type: "OAuthClient", action: "Create", id: &id, name: &name });
    Ok(body.into())
}

fn client_body(call: &Call<'_>, client: &Registered) -> Value {
    json!({
        "id": client.id, "name": client.name, "authorizedGrantType": "CLIENT-CREDENTIALS", "state": "active",
        "accessTokenValiditySeconds": client.seconds.unwrap_or(call.world.settings.token_seconds), "scope": [],
        "roleIds": ["twin-role"], "roleDivisions": [{"roleId": "twin-role", "divisionId": HOME}],
        "dateCreated": iso(call.world.began()), "selfUri": format!("/api/v2/oauth/clients/{}", client.id),
    })
}

fn scopes(_: &mut Call<'_>) -> Answer {
    let both = SCOPES.iter().flat_map(|scope| [(*scope).to_owned(), format!("{scope}:readonly")]);
    let entities: Vec<Value> = both
        .map(|id| json!({"id": id, "description": format!("Access to {id}"), "selfUri": format!("/api/v2/oauth/scopes/{id}")}))
        .collect();
    Ok(json!({"entities": entities}).into())
}

fn organisation(call: &mut Call<'_>) -> Answer {
    let body = json!({
        "id": call.world.organisation_id, "name": call.world.name, "defaultLanguage": "en-US", "state": "active",
        "defaultCountryCode": "US", "domain": "twin.example", "version": 1, "voicemailEnabled": false,
        "features": {"realtimeCIC": false}, "productPlatform": "PureCloud", "selfUri": "/api/v2/organizations/me",
    });
    Ok(body.into())
}

fn ip_ranges(call: &mut Call<'_>) -> Answer {
    let region = &call.world.region;
    let range = |service: &str, direction: &str| json!({"cidr": "127.0.0.0/8", "service": service, "region": region, "direction": direction});
    Ok(json!({"entities": [range("data-actions", "outbound"), range("api", "inbound")]}).into())
}
