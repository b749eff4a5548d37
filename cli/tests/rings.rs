//! Who may see whom: the rings of ARCHITECTURE.md, read off `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// What each crate may see of ours besides `terms`, and no others (its tests may see more).
const MAY_SEE: [(&str, &str); 27] = [
    ("abide-terms", ""),
    ("abide-link", ""),
    ("abide-session", ""),
    ("abide-screen", ""),
    ("abide-prediction", "screen"),
    ("abide-host", ""),
    ("abide-openssh", "host"),
    ("abide-carrier", "link host"),
    ("abide-socks", ""),
    ("abide-x11", ""),
    ("abide-forward", "link session host socks x11"),
    ("abide-keeper", "link session screen host carrier forward x11"),
    ("abide-client", "link session screen prediction host openssh carrier forward x11"),
    ("abide-demo", "host"),
    ("abide-sshconf", ""),
    ("abide-timeouts", "sshconf"),
    ("abide-chart", "timeouts"),
    ("abide-store", "host"),
    ("abide-settings", "sshconf timeouts store host openssh"),
    ("abide-relay", "host"),
    ("abide-tunnel", "host openssh"),
    ("abide-paint", "chart"),
    ("abide-compare", "host screen"),
    (
        "abide",
        "link session prediction host openssh carrier keeper client demo sshconf timeouts chart store settings relay tunnel paint compare screen x11",
    ),
    ("abide-sim", "link"),
    ("abide-lab", "host screen"),
    ("xtask", "lab host screen chart compare"),
];

/// Crates from outside that a pure crate must never get: they do I/O, keep time or run tasks.
const IMPURE: [&str; 6] = ["tokio", "quinn", "rustix", "libc", "mio", "async-io"];

/// A member: where its manifest is, and what it depends on other than for tests.
struct Member {
    folder: String,
    sees: BTreeSet<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("cli is inside the workspace")
}

fn members() -> BTreeMap<String, Member> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version=1", "--no-deps", "--offline"]).current_dir(root());
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    metadata["packages"].as_array().expect("packages").iter().map(member).collect()
}

fn member(package: &serde_json::Value) -> (String, Member) {
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    let manifest = text(&package["manifest_path"]);
    let folder = Path::new(&manifest).parent().and_then(|folder| folder.strip_prefix(root()).ok());
    let folder = folder.expect("inside the workspace").to_string_lossy().into_owned();
    let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
    let own = dependencies.filter(|dependency| dependency["kind"] != "dev");
    let sees = own.map(|dependency| text(&dependency["name"])).collect();
    (text(&package["name"]), Member { folder, sees })
}

#[test]
fn nobody_sees_what_they_may_not() {
    let members = members();
    let listed: BTreeSet<&str> = MAY_SEE.iter().map(|(name, _)| *name).collect();
    let present: BTreeSet<&str> = members.keys().map(String::as_str).collect();
    assert_eq!(listed, present, "rings.rs lists every member");
    for (name, allowed) in MAY_SEE {
        for other in members[name].sees.iter().filter(|other| members.contains_key(*other)) {
            let short = other.strip_prefix("abide-").unwrap_or(other);
            let may = short == "terms" || allowed.split(' ').any(|it| it == short);
            assert!(may, "{name} must not see {other}");
        }
    }
}

#[test]
fn the_core_is_pure() {
    for (name, member) in members() {
        if member.folder.starts_with("core/") {
            let impure: Vec<&str> =
                IMPURE.into_iter().filter(|it| member.sees.contains(*it)).collect();
            assert!(impure.is_empty(), "{name} is in core/ and sees {impure:?}");
        }
    }
}

#[test]
fn the_map_names_every_crate() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for (name, member) in members() {
        assert!(
            map.contains(&format!("`{}`", member.folder)),
            "ARCHITECTURE.md does not name {name}"
        );
    }
}
