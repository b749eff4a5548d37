//! Where a subsystem's program is: sshd's configuration knows, as far as it can be read.

use std::path::Path;

/// Where distributions put OpenSSH's sftp server, in order of how common they are.
const SFTP_SERVERS: [&str; 5] = [
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/lib/ssh/sftp-server",
    "/usr/libexec/sftp-server",
    "/usr/lib/sftp-server",
];

/// The command line of a subsystem; `None` when there is no such one.
pub(crate) fn command(name: &str) -> Option<String> {
    let configured = std::fs::read_to_string("/etc/ssh/sshd_config")
        .ok()
        .and_then(|text| configured(&text, name));
    let usable = configured.filter(|line| !line.starts_with("internal-"));
    usable.or_else(|| (name == "sftp").then(sftp_server).flatten())
}

fn sftp_server() -> Option<String> {
    SFTP_SERVERS.iter().find(|path| Path::new(path).exists()).map(|path| (*path).to_owned())
}

/// The `Subsystem NAME command` line of an sshd_config. The first one wins.
fn configured(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let keyword = words.next()?;
        let is_it = keyword.eq_ignore_ascii_case("subsystem") && words.next()? == name;
        let command: Vec<&str> = words.collect();
        (is_it && !command.is_empty()).then(|| command.join(" "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sshds_configuration_names_subsystems() {
        let text = "Port 22\n#Subsystem sftp /no\n subsystem\tsftp  /usr/lib/openssh/sftp-server -l INFO\n";
        assert_eq!(
            configured(text, "sftp").as_deref(),
            Some("/usr/lib/openssh/sftp-server -l INFO")
        );
        assert_eq!(configured(text, "netconf"), None);
    }
}
