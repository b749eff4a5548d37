//! Opens the TUN devices at the link's ends.

use std::os::fd::{AsFd, OwnedFd};

use tun_rs::DeviceBuilder;

use crate::{LabError, Namespace};

/// The device's name in every namespace that has one.
pub(crate) const DEVICE: &str = "wan0";

/// Makes a TUN device inside a namespace; it lives as long as the descriptor, which does not
/// block. Bare IP packets, without offloads.
pub(crate) fn open(namespace: &Namespace) -> Result<OwnedFd, LabError> {
    let doing = || format!("making {DEVICE} in {}", namespace.name());
    namespace.enter(|| {
        let device = DeviceBuilder::new().name(DEVICE).build_sync();
        let device = device.map_err(LabError::system(doing()))?;
        let own = device.as_fd().try_clone_to_owned().map_err(LabError::system(doing()))?;
        rustix::io::ioctl_fionbio(&own, true).map_err(LabError::system(doing()))?;
        Ok(own)
    })?
}
