//! Areas in which people under watch may meet, from a file beside the configuration: offices, schools,
//! hospitals, sites of activities (`docs/gather.md`, G2).

use super::{LoadConfigError, SupervisionConfig};
use jiaolian_schema::fence::read_fences;
use jiaolian_schema::geo::Shape;

/// Largest file of areas, bytes.
const SITES_BYTES_MAX: u64 = 4 * 1_024 * 1_024;

impl SupervisionConfig {
    /// The areas of the file that is named, in the form of fences; none where none is.
    pub fn gathering_sites(&self) -> Result<Vec<Shape>, LoadConfigError> {
        let Some(path) = &self.gathering_sites else {
            return Ok(Vec::new());
        };
        let refuse = |reason: String| LoadConfigError {
            file: path.display().to_string(),
            line: 0,
            reason,
        };
        let size = std::fs::metadata(path).map_err(|error| refuse(error.to_string()))?;
        if size.len() > SITES_BYTES_MAX {
            let size = size.len();
            let reason = format!("it must have at most {SITES_BYTES_MAX} bytes, not {size}");
            return Err(refuse(reason));
        }
        let text = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
        let areas = read_fences(&text).map_err(|error| refuse(error.to_string()))?;
        Ok(areas.iter().map(|area| area.shape().clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiaolian_schema::geo::Coord;

    fn config(text: &str) -> (tempfile::TempDir, SupervisionConfig) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sites.geojson");
        std::fs::write(&path, text).unwrap();
        let config = SupervisionConfig {
            gathering_sites: Some(path),
            ..SupervisionConfig::default()
        };
        (dir, config)
    }

    #[test]
    fn areas_are_read_and_one_without_a_datum_is_refused_with_the_file() {
        let site = |datum: &str| {
            format!(
                r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":
                {{"id":"司法所","kind":"keep_in"{datum}}},"geometry":{{"type":"Polygon","coordinates":
                [[[113.6,28.1],[113.7,28.1],[113.7,28.2],[113.6,28.2],[113.6,28.1]]]}}}}]}}"#
            )
        };
        let (_dir, good) = config(&site(r#","datum":"wgs84""#));
        let sites = good.gathering_sites().unwrap();
        assert!(sites[0].holds(Coord::new(281_500_000, 1_136_500_000).unwrap()));
        let (_dir, bad) = config(&site(""));
        let error = bad.gathering_sites().unwrap_err();
        assert!(error.file.ends_with("sites.geojson"), "{error}");
        assert_eq!(SupervisionConfig::default().gathering_sites(), Ok(vec![]));
    }
}
