//! What a kernel does with TCP, off its files below /proc/sys: this machine's, or what a server
//! reported. Not the other machine's files.

use std::time::Duration;

use abide_timeouts::{Fact, Kernel, Limit, Origin, Reason};

/// Where the first group lies.
const TCP: &str = "/proc/sys/net/ipv4/";
/// Where the trackers' lies.
const TRACKER: &str = "/proc/sys/net/netfilter/";
/// Not there before Linux 6.5 and 6.15: what acted then.
const NO_LINEAR: u32 = 0;
const RTO_MAX: Duration = Duration::from_secs(120);

/// Every file that is read, by its name alone.
pub(super) const NAMES: [(&str, &str); 8] = [
    (TCP, "tcp_keepalive_time"),
    (TCP, "tcp_keepalive_intvl"),
    (TCP, "tcp_keepalive_probes"),
    (TCP, "tcp_retries2"),
    (TCP, "tcp_syn_retries"),
    (TCP, "tcp_syn_linear_timeouts"),
    (TCP, "tcp_rto_max_ms"),
    (TRACKER, "nf_conntrack_tcp_timeout_established"),
];

/// This machine's.
pub fn kernel() -> Kernel {
    let read = |name: &str| {
        let (folder, _) = NAMES.iter().find(|(_, known)| *known == name)?;
        std::fs::read_to_string(format!("{folder}{name}")).ok()
    };
    let is_linux = std::path::Path::new(TCP).is_dir();
    from(is_linux, read)
}

/// Made of the texts of the files; `None` for one that is not there. Where the folder is not there
/// at all, nothing is known.
pub(super) fn from(is_linux: bool, read: impl Fn(&str) -> Option<String>) -> Kernel {
    if !is_linux {
        return Kernel::not_checked(&Reason::NotTold("a system other than Linux".to_owned()));
    }
    let number = |name: &str, missing: Option<u32>| -> Fact<u32> {
        let origin = Origin::Kernel(name.to_owned());
        match (read(name), missing) {
            (None, Some(missing)) => Fact::Known(missing, origin),
            (None, None) => Fact::NotChecked(Reason::NotTold(name.to_owned())),
            (Some(text), _) => match text.trim().parse() {
                Ok(number) => Fact::Known(number, origin),
                Err(_) => Fact::NotChecked(Reason::Unreadable(text.trim().to_owned())),
            },
        }
    };
    let seconds = |name: &str, missing| {
        number(name, missing).map(|number| Limit::from_secs(u64::from(*number)))
    };
    let rto_max = number("tcp_rto_max_ms", Some(RTO_MAX.as_millis() as u32));
    Kernel {
        keepalive_time: seconds("tcp_keepalive_time", None),
        keepalive_interval: seconds("tcp_keepalive_intvl", None),
        keepalive_probes: number("tcp_keepalive_probes", None),
        retries2: number("tcp_retries2", None),
        syn_retries: number("tcp_syn_retries", None),
        syn_linear: number("tcp_syn_linear_timeouts", Some(NO_LINEAR)),
        rto_max: rto_max.map(|it| Limit::After(Duration::from_millis(u64::from(*it)))),
        user_timeout: Kernel::stock().user_timeout,
        conntrack: seconds("nf_conntrack_tcp_timeout_established", Some(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_kernels_lack_some_files() {
        let kernel = from(true, |name| match name {
            "tcp_keepalive_time" => Some("7200\n".into()),
            "tcp_retries2" => Some("many".into()),
            _ => None,
        });
        assert_eq!(kernel.keepalive_time.known(), Some(&Limit::from_secs(7_200)));
        assert_eq!(kernel.syn_linear.known(), Some(&0));
        assert_eq!(kernel.rto_max.known(), Some(&Limit::from_secs(120)));
        assert_eq!(kernel.conntrack.known(), Some(&Limit::Off));
        assert_eq!(kernel.retries2, Fact::NotChecked(Reason::Unreadable("many".into())));
        assert!(kernel.keepalive_probes.known().is_none());
    }

    #[test]
    fn another_system_tells_nothing() {
        assert!(from(false, |_| Some("1".into())).keepalive_time.known().is_none());
    }

    #[test]
    fn this_machine_tells() {
        assert!(kernel().keepalive_time.known().is_some());
    }
}
