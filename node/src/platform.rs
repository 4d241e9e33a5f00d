//! The only file that knows the operating system: file modes, held files, signals, memory. Township
//! PCs run
//! Windows 10, so each part has a portable fallback and nothing outside this file names `std::os`.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// No clock that is right says less, ms UTC: before 2026-01-01 in Asia/Shanghai there was no such program.
pub const CLOCK_MS_MIN: i64 = 1_767_196_800_000;

/// Why a file with a secret was refused.
#[derive(Debug, Error)]
pub enum PrivateFileError {
    /// Others on this machine may read or write it.
    #[error("{path} must be readable by its owner only (mode 0600), not {mode:04o}")]
    Shared {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It could not be looked at.
    #[error("{path} could not be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Refuses a secret's file that group or world may read or write. Where files have no modes, the
/// directory's access list must do it and nothing is refused.
pub fn check_private(path: &Path) -> Result<(), PrivateFileError> {
    let unreadable = |source| PrivateFileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mode = mode_of(path).map_err(unreadable)?;
    if mode & 0o077 != 0 {
        return Err(PrivateFileError::Shared {
            path: path.to_owned(),
            mode,
        });
    }
    Ok(())
}

/// Creates a file for a secret: mode 0600 from its first moment, refused if it exists.
pub fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    owner_only(&mut options);
    options.open(path)
}

/// Opens or creates a file for a secret that is written again and again.
pub fn replace_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    owner_only(&mut options);
    options.open(path)
}

/// Replaces a file whole: after a power cut it holds the old bytes or the new ones.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".new");
    let unfinished = PathBuf::from(unfinished);
    let mut file = replace_private(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync_directory(Path::new(".")),
        Some(parent) => sync_directory(parent),
        None => Ok(()),
    }
}

/// Makes a rename inside `directory` durable, where a directory can be synced.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(directory)?.sync_all()
    } else {
        Ok(())
    }
}

/// Whether an error says that another program, say an antivirus, holds the file at this moment.
pub fn is_held(error: &io::Error) -> bool {
    const ERROR_SHARING_VIOLATION: i32 = 32;
    const ERROR_LOCK_VIOLATION: i32 = 33;
    error.kind() == io::ErrorKind::WouldBlock
        || cfg!(windows)
            && matches!(
                error.raw_os_error(),
                Some(ERROR_SHARING_VIOLATION | ERROR_LOCK_VIOLATION)
            )
}

/// Holds the data directory for this process alone, until the returned file is dropped.
/// None when another process holds it.
pub fn hold_directory(directory: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let file = options.open(directory.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Lets nothing write this process's memory down: no core dump, and no other process of the same user
/// may trace it. A system that knows neither has nothing to forbid.
#[cfg(target_os = "linux")]
pub fn forbid_dumps() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Lets nothing write this process's memory down, where the system knows how.
#[cfg(not(target_os = "linux"))]
pub fn forbid_dumps() -> io::Result<()> {
    Ok(())
}

/// Swap areas into which memory goes as it is, where the system tells: neither in memory themselves
/// nor on an encrypted device.
pub fn open_swap() -> Vec<String> {
    let swaps = std::fs::read_to_string("/proc/swaps").unwrap_or_default();
    let mapped_as = |device: &str| {
        std::fs::read_to_string(format!("/sys/class/block/{device}/dm/uuid")).unwrap_or_default()
    };
    open_swap_in(&swaps, mapped_as)
}

/// What an operator is told of such an area.
pub fn swap_sentence(area: &str) -> String {
    format!("交换区 {area} 未加密，内存中的案件内容可能落到磁盘上，请关闭或加密该交换区。")
}

/// The same of a list of swap areas; `mapped_as` tells the kind of a mapped device.
fn open_swap_in(swaps: &str, mapped_as: impl Fn(&str) -> String) -> Vec<String> {
    let areas = swaps
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next());
    let is_open = |area: &&str| {
        let device = area.strip_prefix("/dev/");
        !device.is_some_and(|device| {
            device.starts_with("zram") || mapped_as(device).starts_with("CRYPT-")
        })
    };
    areas.filter(is_open).map(str::to_owned).collect()
}

/// Memory that this process holds, in bytes, where the system tells.
pub fn rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Bytes that this user may still write on the disk that holds `path`, where the system tells.
pub fn free_bytes(path: &Path) -> Option<u64> {
    fs4::available_space(path).ok()
}

/// Listens at once; the future ends when the system or the operator asks the node to end.
///
/// # Errors
///
/// Where the system refuses to tell of signals.
#[cfg(unix)]
pub fn shutdown_signal() -> io::Result<impl Future<Output = io::Result<()>>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
            _ = hangup.recv() => Ok(()),
        }
    })
}

/// Listens at once; the future ends when the system or the operator asks the node to end.
#[cfg(not(unix))]
pub fn shutdown_signal() -> io::Result<impl Future<Output = io::Result<()>>> {
    Ok(tokio::signal::ctrl_c())
}

#[cfg(unix)]
fn mode_of(path: &Path) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode_of(path: &Path) -> io::Result<u32> {
    std::fs::metadata(path).map(|_| 0o600)
}

/// Opens a file to others, to see it refused.
/// A serial line, eight bits, no parity, no echo, nothing translated.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub struct Serial(File);

#[cfg(target_os = "linux")]
impl Serial {
    /// Opens a device at a speed, baud. It does not wait for a carrier and becomes nobody's terminal.
    pub fn open(device: &Path, baud: u32) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags};
        use rustix::termios::{ControlModes, OptionalActions, tcgetattr, tcsetattr};
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let line = rustix::fs::open(device, flags, Mode::empty())?;
        let mut form = tcgetattr(&line)?;
        form.make_raw();
        form.control_modes |= ControlModes::CLOCAL | ControlModes::CREAD;
        form.set_speed(baud)?;
        tcsetattr(&line, OptionalActions::Now, &form)?;
        Ok(Self(File::from(line)))
    }

    /// What comes within a time; nothing where nothing came. An error where the device is gone.
    pub fn read(&mut self, room: &mut [u8], wait: std::time::Duration) -> io::Result<usize> {
        use std::io::Read as _;
        if !self.is_ready(rustix::event::PollFlags::IN, wait)? {
            return Ok(0);
        }
        match self.0.read(room) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            read => read,
        }
    }

    /// Writes all of it, within ten seconds.
    pub fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        const WAIT: std::time::Duration = std::time::Duration::from_secs(10);
        while !bytes.is_empty() {
            if !self.is_ready(rustix::event::PollFlags::OUT, WAIT)? {
                return Err(io::ErrorKind::TimedOut.into());
            }
            match self.0.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                written => bytes = &bytes[written?..],
            }
        }
        Ok(())
    }

    fn is_ready(
        &self,
        flags: rustix::event::PollFlags,
        wait: std::time::Duration,
    ) -> io::Result<bool> {
        use rustix::event::{PollFd, Timespec, poll};
        let wait = Timespec::try_from(wait).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut line = [PollFd::new(&self.0, flags)];
        Ok(poll(&mut line, Some(&wait))? > 0)
    }
}

/// A serial line, which this program speaks on Linux only so far.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub struct Serial(std::convert::Infallible);

#[cfg(not(target_os = "linux"))]
impl Serial {
    /// Refused: a modem goes to a node on Linux, or a siren is used.
    pub fn open(_device: &Path, _baud: u32) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// See above.
    pub fn read(&mut self, _room: &mut [u8], _wait: std::time::Duration) -> io::Result<usize> {
        match self.0 {}
    }

    /// See above.
    pub fn write(&mut self, _bytes: &[u8]) -> io::Result<()> {
        match self.0 {}
    }
}

#[cfg(all(test, unix))]
pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn owner_only(_options: &mut OpenOptions) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_files_are_born_private_and_shared_ones_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ops.key");
        create_private(&path).unwrap();
        check_private(&path).unwrap();
        assert!(
            create_private(&path).is_err(),
            "a secret is never overwritten by create"
        );
        #[cfg(unix)]
        for mode in [0o640, 0o604, 0o620, 0o602] {
            set_mode(&path, mode).unwrap();
            let refused = check_private(&path).unwrap_err();
            assert!(matches!(refused, PrivateFileError::Shared { mode: m, .. } if m == mode));
        }
    }

    #[test]
    fn a_directory_is_held_by_one_and_free_after() {
        let directory = tempfile::tempdir().unwrap();
        let held = hold_directory(directory.path()).unwrap();
        assert!(held.is_some());
        assert!(hold_directory(directory.path()).unwrap().is_none());
        drop(held);
        assert!(hold_directory(directory.path()).unwrap().is_some());
    }

    #[test]
    fn the_disk_tells_what_is_free_and_a_missing_path_tells_nothing() {
        let directory = tempfile::tempdir().unwrap();
        assert!(free_bytes(directory.path()).unwrap() > 0);
        assert_eq!(free_bytes(&directory.path().join("absent")), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_forbids_dumps_has_neither_a_core_nor_an_owner_who_may_trace_it() {
        use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};
        forbid_dumps().unwrap();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }

    #[test]
    fn only_swap_that_reaches_a_disk_as_it_is_counts_as_open() {
        let swaps = "Filename\tType\tSize\tUsed\tPriority\n\
            /dev/zram0 partition 1 0 100\n\
            /dev/dm-1 partition 1 0 -2\n\
            /dev/dm-2 partition 1 0 -2\n\
            /swapfile file 1 0 -3\n\
            /dev/sda2 partition 1 0 -4\n";
        let mapped_as = |device: &str| match device {
            "dm-1" => "CRYPT-PLAIN-swap\n".to_owned(),
            "dm-2" => "LVM-abc\n".to_owned(),
            _ => String::new(),
        };
        let open = open_swap_in(swaps, mapped_as);
        assert_eq!(open, ["/dev/dm-2", "/swapfile", "/dev/sda2"]);
        assert!(open_swap_in("", |_| String::new()).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_of_this_process_is_told_in_bytes() {
        assert!(rss_bytes().unwrap() > 1024 * 1024);
    }
}
