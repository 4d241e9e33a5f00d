//! `testnet up`: a drill province of real processes, and a page from which its lines are cut, its
//! nodes are switched off, and a person is walked over the county line.

mod walker;

use crate::process::Program;
use crate::province::{PASSPHRASE, Province, ProvinceError, is_agreed};
use crate::seed::{Subject, populate};
use crate::topology::{HUNAN, StaffPlan, Topology};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Args;
use jiaolian_node::http::accept::{Bounds, serve};
use jiaolian_node::platform::shutdown_signal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{RwLock, watch};
use walker::Walker;

const PAGE: &str = include_str!("up/page.html");
const SCRIPT: &str = include_str!("up/page.js");
const STYLE: &str = include_str!("up/page.css");

/// `testnet up`.
#[derive(Debug, Args)]
pub struct UpCommand {
    /// A topology file; without it the province Hunan that ships with the program.
    #[arg(long)]
    topology: Option<PathBuf>,
    /// Where the offices keep their data; must be empty. Without it a new directory under the
    /// system's temporary one.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Where the control page is served.
    #[arg(long, default_value = "127.0.0.1:7100")]
    listen: SocketAddr,
    /// Open the control page in a browser.
    #[arg(long)]
    open: bool,
    /// End after the province is up and seeded, for a first look or a check.
    #[arg(long)]
    once: bool,
}

/// What the control page's handlers share.
#[derive(Clone)]
struct Desk {
    province: Arc<RwLock<Province>>,
    subjects: Arc<Vec<Subject>>,
    walker: Walker,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    key: String,
    open: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Walk {
    device: String,
    speed: f64,
}

/// Runs the command.
pub fn command(command: &UpCommand) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(up(command)),
        Err(error) => Err(error.to_string()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            say(&reason);
            ExitCode::FAILURE
        }
    }
}

async fn up(command: &UpCommand) -> Result<(), String> {
    let topology = match &command.topology {
        None => HUNAN.to_owned(),
        Some(path) => std::fs::read_to_string(path).map_err(|error| error.to_string())?,
    };
    let topology = Topology::parse(&topology).map_err(|error| error.to_string())?;
    let kept = scratch(command.dir.as_deref()).map_err(|error| error.to_string())?;
    let listener = TcpListener::bind(command.listen)
        .await
        .map_err(|error| format!("{}: {error}", command.listen))?;
    let mut told = pin!(shutdown_signal().map_err(|error| error.to_string())?);
    let (province, subjects) = tokio::select! {
        raised = raise(&topology, &kept) => raised?,
        // The nodes end with the province that is dropped.
        told = told.as_mut() => return told.map_err(|error| error.to_string()),
    };
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    say(&format!(
        "演练省已启动: {} 个机构，{} 件案件。控制页 http://{address}/ (Ctrl+C 结束)",
        province.order.len(),
        subjects.len()
    ));
    let province = Arc::new(RwLock::new(province));
    let desk = Desk {
        walker: Walker::new(Arc::clone(&province)),
        province: Arc::clone(&province),
        subjects: Arc::new(subjects),
    };
    if command.open {
        open_browser(&format!("http://{address}/"));
    }
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(serve(listener, router(desk), Bounds::STANDARD, stopped));
    if !command.once {
        told.await.map_err(|error| error.to_string())?;
    }
    stop.send_replace(true);
    province.write().await.stop_all().await;
    let _ = serving.await;
    Ok(())
}

/// Founds and starts the province of a topology.
async fn raise(topology: &Topology, dir: &Path) -> Result<(Province, Vec<Subject>), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    say(&format!("正在建立 {} 个机构 …", topology.offices.len()));
    let mut province = Province::found(Program::of_testnet(&program), dir, topology)
        .await
        .map_err(|error| error.to_string())?;
    say("正在启动并录入演练案件 …");
    let subjects = populate(&mut province)
        .await
        .map_err(|error| error.to_string())?;
    Ok((province, subjects))
}

fn scratch(dir: Option<&Path>) -> std::io::Result<PathBuf> {
    let dir = match dir {
        Some(dir) => dir.to_owned(),
        None => std::env::temp_dir().join(format!("jiaolian-drill-{}", std::process::id())),
    };
    std::fs::create_dir_all(&dir)?;
    if std::fs::read_dir(&dir)?.next().is_some() {
        let reason = format!("{} must be empty", dir.display());
        return Err(std::io::Error::other(reason));
    }
    Ok(dir)
}

fn router(desk: Desk) -> Router {
    let text = |kind: &'static str, body: &'static str| {
        move || async move { ([(header::CONTENT_TYPE, kind)], body).into_response() }
    };
    Router::new()
        .route("/", get(text("text/html; charset=utf-8", PAGE)))
        .route(
            "/page.js",
            get(text("text/javascript; charset=utf-8", SCRIPT)),
        )
        .route("/page.css", get(text("text/css; charset=utf-8", STYLE)))
        .route("/api/state", get(state))
        .route("/api/link", post(set_line))
        .route("/api/kill", post(kill))
        .route("/api/restart", post(restart))
        .route("/api/walk", post(walk))
        .layer(middleware::from_fn(guard))
        .with_state(desk)
}

/// Only the page itself may press its buttons: other sites can't send the header.
async fn guard(request: Request, next: Next) -> Response {
    let is_ours = request.method() == "GET" || request.headers().contains_key("x-jiaolian");
    if is_ours {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

async fn state(State(desk): State<Desk>) -> Json<Value> {
    let province = desk.province.read().await;
    let mut offices = Vec::new();
    for key in &province.order {
        offices.push(office(&province, key).await);
    }
    let people: Vec<Value> = province
        .order
        .iter()
        .flat_map(|key| people(&province, key))
        .collect();
    let subjects: Vec<Value> = desk
        .subjects
        .iter()
        .map(|subject| {
            let office = &province.sites[&subject.office].plan.name;
            json!({ "device": subject.device, "name": subject.name, "office": office })
        })
        .collect();
    Json(json!({
        "offices": offices, "people": people, "subjects": subjects,
        "passphrase": PASSPHRASE, "walk": desk.walker.told(),
    }))
}

async fn office(province: &Province, key: &str) -> Value {
    let site = &province.sites[key];
    let state = province.state(key).await.unwrap_or(Value::Null);
    let url = site
        .node
        .as_ref()
        .map(|node| format!("http://{}/", node.ready.http));
    let above = site.plan.parent.as_ref();
    let above = above.and_then(|parent| province.running(parent).ok());
    let above = above.map(|node| node.ready.endpoint.clone());
    let links = state["links"].as_array();
    let is_open = links.is_some_and(|links| {
        links.iter().any(|link| {
            link["open"] == true
                && Some(&link["peer"]) == above.as_ref().map(|key| json!(key)).as_ref()
        })
    });
    let lanes = |name: &str| match &state[name] {
        Value::Array(lanes) => json!(lanes),
        _ => json!([0, 0, 0]),
    };
    json!({
        "key": key, "name": site.plan.name, "tier": site.plan.tier, "parent": site.plan.parent,
        "url": url, "running": site.node.is_some(), "switch_open": !is_open,
        "linked": above.is_some_and(|above| is_agreed(&state, &above)),
        "waiting": lanes("waiting"), "sent_bytes": lanes("sent_bytes"),
        "alarms_raised": state["alarms"]["own"], "alarms_held": state["alarms"]["held"],
        "refused": state["refused"],
    })
}

fn people(province: &Province, key: &str) -> Vec<Value> {
    let plan = &province.sites[key].plan;
    let words = plan.staff.iter().filter_map(|word| StaffPlan::named(word));
    words
        .map(|staff| {
            json!({
                "staff_number": plan.staff_number(&staff),
                "name": staff.title_zh(plan.tier), "office": plan.name,
            })
        })
        .collect()
}

async fn set_line(State(desk): State<Desk>, Json(line): Json<Line>) -> Response {
    // The page speaks of the line being whole, the switch of its being open.
    let province = desk.province.read().await;
    answer(province.set_line(&line.key, !line.open).await)
}

async fn kill(State(desk): State<Desk>, Json(which): Json<Which>) -> Response {
    answer(desk.province.write().await.kill(&which.key).await)
}

async fn restart(State(desk): State<Desk>, Json(which): Json<Which>) -> Response {
    answer(desk.province.write().await.start(&which.key).await)
}

async fn walk(State(desk): State<Desk>, Json(walk): Json<Walk>) -> Response {
    let subject = desk
        .subjects
        .iter()
        .find(|subject| subject.device == walk.device);
    match subject {
        Some(subject) if walk.speed >= 1.0 => {
            desk.walker.start(subject.clone(), walk.speed);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
    }
}

fn answer(done: Result<(), ProvinceError>) -> Response {
    match done {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::CONFLICT, error.to_string()).into_response(),
    }
}

fn open_browser(url: &str) {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    // Without a browser the line above says where the page is.
    let _ = std::process::Command::new(opener)
        .arg(url)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
}

/// One line for whoever watches the terminal.
fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
