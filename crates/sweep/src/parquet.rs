//! `results.parquet`: the columns of `results.csv` with types.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use rebias_report::Summary;
use serde_json::Value;

use crate::Results;

/// Why no Parquet file could be made: a fault of ours or of the writer's, none of the sweep's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParquetFault {
    /// The rows as text.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// The file.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Boolean,
    Integer,
    Float,
    Text,
}

/// A column of `results.csv`.
struct Column {
    name: String,
    kind: Kind,
    /// As text, empty where there is nothing.
    cells: Vec<String>,
}

impl Results {
    /// `results.parquet`. Columns of figures have the same type in all sweeps, those of axes the narrowest that holds
    /// their values.
    ///
    /// # Errors
    /// None that the rows cause; the types are those of the writers.
    pub fn to_parquet(&self) -> Result<Vec<u8>, ParquetFault> {
        let columns = columns(&self.to_csv()?)?;
        let fields = columns.iter().map(|column| column.field().map(Arc::new)).collect::<Result<_, _>>()?;
        let schema = Type::group_type_builder("results").with_fields(fields).build()?;
        let mut bytes = Vec::new();
        let properties = Arc::new(WriterProperties::builder().build());
        let mut writer = SerializedFileWriter::new(&mut bytes, Arc::new(schema), properties)?;
        let mut group = writer.next_row_group()?;
        for column in &columns {
            column.write(&mut group)?;
        }
        group.close()?;
        writer.close()?;
        Ok(bytes)
    }
}

fn columns(table: &[u8]) -> csv::Result<Vec<Column>> {
    let mut reader = csv::Reader::from_reader(table);
    let names: Vec<_> = reader.headers()?.iter().map(str::to_owned).collect();
    let rows = reader.records().collect::<csv::Result<Vec<_>>>()?;
    let figures = serde_json::json!(Summary::default());
    let column = |(index, name): (usize, String)| {
        let cells: Vec<_> = rows.iter().map(|row| row.get(index).unwrap_or_default().to_owned()).collect();
        let kind = figures.get(&name).map_or_else(|| Kind::of_cells(&cells), Kind::of_figure);
        Column { name, kind, cells }
    };
    Ok(names.into_iter().enumerate().map(column).collect())
}

impl Kind {
    /// Of a field of the summary, by its default: absent figures are floats.
    fn of_figure(default: &Value) -> Self {
        match default {
            Value::String(_) => Self::Text,
            Value::Number(number) if number.is_u64() => Self::Integer,
            Value::Bool(_) => Self::Boolean,
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => Self::Float,
        }
    }

    /// The narrowest kind that holds some values.
    fn of_cells(cells: &[String]) -> Self {
        let all = |is: fn(&str) -> bool| cells.iter().all(|cell| is(cell));
        if all(|cell| cell.parse::<bool>().is_ok()) {
            Self::Boolean
        } else if all(|cell| cell.parse::<i64>().is_ok()) {
            Self::Integer
        } else if all(|cell| cell.parse::<f64>().is_ok()) {
            Self::Float
        } else {
            Self::Text
        }
    }
}

impl Column {
    fn field(&self) -> Result<Type, ParquetError> {
        let (physical, logical) = match self.kind {
            Kind::Boolean => (Physical::BOOLEAN, None),
            Kind::Integer => (Physical::INT64, None),
            Kind::Float => (Physical::DOUBLE, None),
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let field = Type::primitive_type_builder(&self.name, physical).with_logical_type(logical);
        field.with_repetition(Repetition::OPTIONAL).build()
    }

    fn write(&self, group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>) -> Result<(), ParquetError> {
        match self.kind {
            Kind::Boolean => self.write_as::<BoolType>(group, |cell| cell.parse().ok()),
            Kind::Integer => self.write_as::<Int64Type>(group, |cell| cell.parse().ok()),
            Kind::Float => self.write_as::<DoubleType>(group, |cell| cell.parse().ok()),
            Kind::Text => {
                self.write_as::<ByteArrayType>(group, |cell| (!cell.is_empty()).then(|| ByteArray::from(cell)))
            }
        }
    }

    fn write_as<T: DataType>(
        &self,
        group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
        value: impl Fn(&str) -> Option<T::T>,
    ) -> Result<(), ParquetError> {
        let values: Vec<_> = self.cells.iter().map(|cell| value(cell)).collect();
        // 1 where there is a value, and 0 where there is none.
        let levels: Vec<_> = values.iter().map(|value| i16::from(value.is_some())).collect();
        let values: Vec<_> = values.into_iter().flatten().collect();
        let Some(mut column) = group.next_column()? else { return Ok(()) };
        column.typed::<T>().write_batch(&values, Some(&levels), None)?;
        column.close()
    }
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::SerializedFileReader;
    use parquet::record::Field;

    use super::*;
    use crate::ResultRow;

    #[test]
    fn columns_have_types_and_absent_figures_are_absent() {
        let row = |coordinate: &str, accuracy| ResultRow {
            coordinates: vec![coordinate.to_owned()],
            summary: Summary { accuracy, images: 3, network: "net".to_owned(), ..Summary::default() },
            on_front: Some(true),
        };
        let rows = vec![row("4", Some(0.5)), row("5", None)];
        let results = Results { axes: vec!["arch.adc.bits".to_owned()], rows, missing: 0 };
        let bytes = results.to_parquet().expect("a file");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("results.parquet");
        std::fs::write(&path, bytes).expect("written");
        let reader = SerializedFileReader::try_from(path.as_path()).expect("a Parquet file");
        let rows: Vec<_> = reader.into_iter().map(|row| row.expect("a row")).collect();
        let field = |row: usize, name: &str| {
            let found = rows[row].get_column_iter().find(|(column, _)| *column == name);
            found.map(|(_, field)| field.clone()).expect("a column")
        };
        assert_eq!(rows.len(), 2);
        assert_eq!((field(0, "arch.adc.bits"), field(0, "accuracy")), (Field::Long(4), Field::Double(0.5)));
        assert_eq!((field(1, "accuracy"), field(1, "images")), (Field::Null, Field::Long(3)));
        assert_eq!(field(0, "interval_steady"), Field::Bool(false));
        assert_eq!((field(0, "network"), field(0, "pareto")), (Field::Str("net".to_owned()), Field::Bool(true)));
    }
}
