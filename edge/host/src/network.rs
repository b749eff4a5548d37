//! This machine's addresses, and word from the kernel when the way to others has changed.
//! Not whether a host can be reached.
#![allow(unsafe_code)]

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};
use std::ffi::CStr;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Messages are shorter than this; one that is not counts as a change.
const MAX_MESSAGE: usize = 16 * 1024;
/// One [`Monitor::drain`] reads at most so many; the descriptor stays readable for the rest.
const MAX_READS: usize = 64;
/// Bytes of `struct nlmsghdr`.
const HEADER: usize = 16;

/// An address of an interface that is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Reaches this machine only.
    pub loopback: bool,
    /// Means something on its own link only, and for IPv6 only together with an interface.
    pub link_local: bool,
}

/// What an interface list says that matters to connections.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    interface: Vec<u8>,
    up: bool,
    /// Up and with a carrier.
    running: bool,
    ip: Option<IpAddr>,
}

/// A subscription to changes of interfaces, addresses and routes, in the network namespace of the
/// thread that opened it. Ask [`Monitor::drain`] whenever its descriptor is readable.
#[derive(Debug)]
pub struct Monitor {
    socket: OwnedFd,
    known: Vec<Entry>,
}

impl Monitor {
    /// Subscribes. The socket is non-blocking.
    pub fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket =
            rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
        let groups = libc::RTMGRP_LINK
            | libc::RTMGRP_IPV4_IFADDR
            | libc::RTMGRP_IPV6_IFADDR
            | libc::RTMGRP_IPV4_ROUTE
            | libc::RTMGRP_IPV6_ROUTE;
        rustix::net::bind(&socket, &SocketAddrNetlink::new(0, groups.unsigned_abs()))?;
        // After the subscription, so that no change falls between.
        Ok(Self { socket, known: entries()? })
    }

    /// Reads what has come; true if it may matter to a connection. News that repeat what was known,
    /// as router advertisements and Wi-Fi events do all the time, do not.
    pub fn drain(&mut self) -> io::Result<bool> {
        let mut news = News::Nothing;
        let mut buffer = vec![0; MAX_MESSAGE];
        for _ in 0..MAX_READS {
            match rustix::net::recv(&self.socket, &mut *buffer, RecvFlags::TRUNC) {
                Ok((count, length)) if length > count => news = News::Change,
                Ok((count, _)) => news = news.max(read_messages(&buffer[..count])),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                // The kernel had more to say than the socket could hold.
                Err(Errno::NOBUFS) => news = News::Change,
                Err(error) => return Err(error.into()),
            }
        }
        if news == News::Nothing {
            return Ok(false);
        }
        let present = entries()?;
        let differs = present != self.known;
        self.known = present;
        Ok(differs || news == News::Change)
    }
}

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// What messages mean, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    Nothing,
    /// The list of interfaces may differ: compare.
    Look,
    /// Something changed for certain, even if it is as before by now.
    Change,
}

/// Reads a batch of messages; a malformed rest counts as a change.
fn read_messages(mut batch: &[u8]) -> News {
    let mut news = News::Nothing;
    while let Some(header) = batch.first_chunk::<HEADER>() {
        let [a, b, c, d, low, high, ..] = *header;
        let length = u32::from_ne_bytes([a, b, c, d]) as usize;
        let Some(body) = batch.get(HEADER..length) else { return News::Change };
        news = news.max(read_message(u16::from_ne_bytes([low, high]), body));
        batch = batch.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    news
}

fn read_message(kind: u16, body: &[u8]) -> News {
    match kind {
        libc::RTM_NEWLINK | libc::RTM_NEWADDR => News::Look,
        libc::RTM_DELLINK | libc::RTM_DELADDR => News::Change,
        libc::RTM_NEWROUTE | libc::RTM_DELROUTE if is_path(body) => News::Change,
        _ => News::Nothing,
    }
}

/// Whether a `struct rtmsg` tells of a way to other machines: neither a cached route nor one of
/// the kernel's for its own addresses.
fn is_path(body: &[u8]) -> bool {
    let Some([_, _, _, _, table, _, _, kind, f0, f1, f2, f3]) = body.first_chunk::<12>() else {
        return true;
    };
    let flags = u32::from_ne_bytes([*f0, *f1, *f2, *f3]);
    *table != libc::RT_TABLE_LOCAL
        && *kind != libc::RTN_LOCAL
        && *kind != libc::RTN_MULTICAST
        && flags & libc::RTM_F_CLONED == 0
}

/// Addresses of the interfaces that are up, each once, in no order that means anything.
pub fn addresses() -> io::Result<Vec<Address>> {
    let up = entries()?.into_iter().filter(|entry| entry.up);
    let mut addresses: Vec<_> = up.filter_map(|entry| entry.ip).map(describe).collect();
    addresses.sort();
    addresses.dedup();
    Ok(addresses)
}

fn describe(ip: IpAddr) -> Address {
    let link_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    Address { ip, loopback: ip.is_loopback(), link_local }
}

/// Every interface and address, sorted.
fn entries() -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut list = std::ptr::null_mut();
    // SAFETY: getifaddrs fills a linked list that stays valid until freeifaddrs; everything is
    // copied out of it before.
    unsafe {
        if libc::getifaddrs(&raw mut list) != 0 {
            return Err(io::Error::last_os_error());
        }
        let mut next = list;
        while let Some(item) = next.as_ref() {
            entries.push(Entry {
                interface: CStr::from_ptr(item.ifa_name).to_bytes().to_vec(),
                up: item.ifa_flags & libc::IFF_UP as u32 != 0,
                running: item.ifa_flags & libc::IFF_RUNNING as u32 != 0,
                ip: ip(item.ifa_addr),
            });
            next = item.ifa_next;
        }
        libc::freeifaddrs(list);
    }
    entries.sort();
    Ok(entries)
}

/// The IP address in a socket address, if it is one.
///
/// # Safety
/// `address` is null or points to a socket address as long as its family says.
unsafe fn ip(address: *const libc::sockaddr) -> Option<IpAddr> {
    if address.is_null() {
        return None;
    }
    // SAFETY: the caller's promise; reads are unaligned as the list does not promise alignment.
    unsafe {
        let family = (&raw const (*address).sa_family).read_unaligned();
        match i32::from(family) {
            libc::AF_INET => {
                let address = address.cast::<libc::sockaddr_in>().read_unaligned();
                Some(Ipv4Addr::from(address.sin_addr.s_addr.to_ne_bytes()).into())
            }
            libc::AF_INET6 => {
                let address = address.cast::<libc::sockaddr_in6>().read_unaligned();
                Some(Ipv6Addr::from(address.sin6_addr.s6_addr).into())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::child::readable_within;
    use std::process::Command;
    use std::time::Duration;

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = (HEADER + body.len()) as u32;
        [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 10], body].concat()
    }

    fn route(table: u8, kind: u8, flags: u32) -> Vec<u8> {
        let start = [2, 0, 0, 0, table, 0, 0, kind];
        message(libc::RTM_NEWROUTE, &[&start[..], &flags.to_ne_bytes()].concat())
    }

    #[test]
    fn only_routes_to_others_are_news() {
        assert_eq!(read_messages(&route(254, libc::RTN_UNICAST, 0)), News::Change);
        assert_eq!(
            read_messages(&route(254, libc::RTN_UNICAST, libc::RTM_F_CLONED)),
            News::Nothing
        );
        assert_eq!(read_messages(&route(255, libc::RTN_LOCAL, 0)), News::Nothing);
        assert_eq!(read_messages(&message(libc::RTM_NEWLINK, &[0; 16])), News::Look);
        let quiet_then_loud = [route(255, libc::RTN_LOCAL, 0), message(libc::RTM_DELADDR, &[0; 8])];
        assert_eq!(read_messages(&quiet_then_loud.concat()), News::Change);
    }

    #[test]
    fn malformed_messages_end_the_batch() {
        assert_eq!(read_messages(&[]), News::Nothing);
        assert_eq!(read_messages(&[0; 64]), News::Change);
        assert_eq!(read_messages(&[0xff; 64]), News::Change);
        assert_eq!(read_messages(&route(254, 1, 0)[..20]), News::Change);
    }

    #[test]
    fn addresses_are_told_apart() {
        let flags = |text: &str| {
            let address = describe(text.parse().unwrap());
            (address.loopback, address.link_local)
        };
        assert_eq!((flags("127.0.0.1"), flags("::1")), ((true, false), (true, false)));
        assert_eq!((flags("169.254.1.1"), flags("fe80::1")), ((false, true), (false, true)));
        assert_eq!((flags("10.0.0.1"), flags("2001:db8::1")), ((false, false), (false, false)));
    }

    /// Runs `test` on a thread in a new network namespace; where that is not allowed says so.
    fn in_a_namespace(test: fn()) {
        let run = move || {
            // SAFETY: moves this thread, which ends with the test, into a namespace of its own.
            let alone = unsafe { libc::unshare(libc::CLONE_NEWNET) } == 0;
            if alone {
                test();
            }
            alone
        };
        if !std::thread::spawn(run).join().unwrap() {
            println!("not checked: making a network namespace needs root");
        }
    }

    fn ip_command(arguments: &str) {
        let status = Command::new("ip").args(arguments.split(' ')).status().unwrap();
        assert!(status.success(), "ip {arguments}");
    }

    fn changed(monitor: &mut Monitor) -> bool {
        assert!(readable_within(&*monitor, Duration::from_secs(10)).unwrap());
        monitor.drain().unwrap()
    }

    #[test]
    fn the_kernel_tells_of_links_addresses_and_routes() {
        in_a_namespace(|| {
            let mut monitor = Monitor::open().unwrap();
            assert!(!monitor.drain().unwrap());
            assert_eq!(addresses().unwrap(), [], "lo is down");
            ip_command("link set lo up");
            assert!(changed(&mut monitor));
            assert!(addresses().unwrap().contains(&describe(Ipv4Addr::LOCALHOST.into())));
            ip_command("addr add 10.9.8.7/32 dev lo");
            assert!(changed(&mut monitor));
            assert!(addresses().unwrap().contains(&describe("10.9.8.7".parse().unwrap())));
            ip_command("addr change 10.9.8.7/32 dev lo valid_lft 1000 preferred_lft 1000");
            assert!(!changed(&mut monitor), "a longer life is no news");
            ip_command("route add 10.1.0.0/16 dev lo");
            assert!(changed(&mut monitor));
            ip_command("addr del 10.9.8.7/32 dev lo");
            assert!(changed(&mut monitor));
            assert!(!monitor.drain().unwrap());
        });
    }
}
