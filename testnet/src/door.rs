//! A door into a network namespace: the drill's own door hears on loopback only, and a namespace has
//! a loopback of its own. This stands inside, on the namespace's address, and passes connections on.

use clap::Args;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// `testnet door`.
#[derive(Debug, Clone, Args)]
pub struct DoorCommand {
    /// Where to hear; port 0 for any. It is said on the first line.
    #[arg(long)]
    listen: SocketAddr,
    /// Where connections go.
    #[arg(long)]
    to: SocketAddr,
}

/// Passes connections on until it is killed.
pub fn command(door: &DoorCommand) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let passed = runtime.and_then(|runtime| runtime.block_on(pass(door)));
    let Err(error) = passed else {
        return ExitCode::SUCCESS;
    };
    let _ = writeln!(io::stderr(), "door: {error}");
    ExitCode::FAILURE
}

async fn pass(door: &DoorCommand) -> io::Result<()> {
    let listener = TcpListener::bind(door.listen).await?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    let to = door.to;
    loop {
        let (mut outer, _) = listener.accept().await?;
        tokio::spawn(async move {
            // Whoever knocked sees a closed connection where the inner door is shut.
            if let Ok(mut inner) = TcpStream::connect(to).await {
                let _ = (outer.set_nodelay(true), inner.set_nodelay(true));
                let _ = copy_bidirectional(&mut outer, &mut inner).await;
            }
        });
    }
}
