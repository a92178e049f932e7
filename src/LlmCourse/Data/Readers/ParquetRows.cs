using Parquet;
using Parquet.Data;
using Parquet.Meta;
using Parquet.Schema;

namespace LlmCourse.Data;

/// <summary>
/// Parquet: one row group at a time is in memory. Lists, structures and maps are put together here from the columns' levels.
/// </summary>
internal static class ParquetRows
{
    public static IEnumerable<DataRow> Read(string path)
    {
        using FileStream file = DataFile.OpenRaw(path);
        (ParquetReader reader, ParquetSchema schema) = Guarded(path, () =>
        {
            ParquetGuard.CheckFooter(file);
            ParquetReader opened = ParquetReader.CreateAsync(file).GetAwaiter().GetResult();
            return (opened, opened.Schema);
        });
        long row = 0;
        foreach (ParquetRowGroupReader group in reader.RowGroups)
        {
            Dictionary<DataField, ParquetColumn> columns = [];
            if (schema.DataFields.Length == 0)
                throw new DataException(path, "it has no columns.");
            try
            {
                foreach (DataField field in schema.DataFields)
                    columns.Add(field, Guarded(path, () => Column(file, group, field)));
                for (long left = group.RowCount; left > 0; left--)
                    yield return DataRow.Good(++row, Guarded(path, () => Fields(schema.Fields, columns)));
                if (columns.Values.Any(column => !column.AtEnd))
                    throw new DataException(path, "it has more values than rows.");
            }
            finally
            {
                foreach (ParquetColumn column in columns.Values)
                    column.Dispose();
            }
        }
    }

    private static ParquetColumn Column(Stream file, ParquetRowGroupReader group, DataField field)
    {
        ColumnMetaData metadata = group.GetMetadata(field)?.MetaData ?? throw new InvalidDataException($"a row group lacks the column \"{field.Path}\".");
        ParquetGuard.CheckPages(file, metadata);
        RawColumnData data = group.ReadRawColumnDataBaseAsync(field).AsTask().GetAwaiter().GetResult();
        return new ParquetColumn(field, data, (int)metadata.NumValues);
    }

    private static Dictionary<string, object?> Fields(IEnumerable<Field> fields, Dictionary<DataField, ParquetColumn> columns)
    {
        Dictionary<string, object?> values = new(StringComparer.Ordinal);
        foreach (Field field in fields)
        {
            if (!values.TryAdd(field.Name, Value(field, columns)))
                throw new InvalidDataException($"the column \"{field.Path}\" is there twice.");
        }

        return values;
    }

    private static object? Value(Field field, Dictionary<DataField, ParquetColumn> columns)
    {
        switch (field)
        {
            case DataField { IsArray: false } data:
                return columns[data].Take();
            case DataField data: // a repeated value without a list around it
                return List(data, data.MaxDefinitionLevel, data.MaxRepetitionLevel, columns, () => columns[data].Take());
            case StructField { Fields: var inner } when field.IsNullable && First(field, columns).Definition < field.MaxDefinitionLevel:
                foreach (Field part in inner)
                    Skip(part, columns);
                return null;
            case StructField { Fields: var inner }:
                return Fields(inner, columns);
            case ListField { Item: DataField { IsArray: true } item }: // a list whose items are the repeated field itself
                return First(item, columns).Definition < field.MaxDefinitionLevel ? Nothing(item, columns) : Value(item, columns);
            case ListField { Item: var item }:
                return field.IsNullable && First(item, columns).Definition < field.MaxDefinitionLevel - 1
                    ? Nothing(item, columns)
                    : List(item, field.MaxDefinitionLevel, field.MaxRepetitionLevel, columns, () => Value(item, columns));
            case MapField map:
                return map.IsNullable && First(map.Key, columns).Definition < map.MaxDefinitionLevel - 1 ? Nothing(map, columns) : Map(map, columns);
            default:
                throw new NotSupportedException($"the column \"{field.Path}\" is of a kind that is not supported.");
        }
    }

    private static List<object?> List(Field item, int definition, int repetition, Dictionary<DataField, ParquetColumn> columns, Func<object?> read)
    {
        List<object?> items = [];
        ParquetColumn first = First(item, columns);
        if (first.Definition < definition)
        {
            Skip(item, columns);
            return items;
        }

        do
            items.Add(read());
        while (first.Repetition == repetition);
        return items;
    }

    private static Dictionary<string, object?> Map(MapField map, Dictionary<DataField, ParquetColumn> columns)
    {
        Dictionary<string, object?> entries = new(StringComparer.Ordinal);
        ParquetColumn first = First(map.Key, columns);
        if (first.Definition < map.MaxDefinitionLevel)
        {
            Skip(map, columns);
            return entries;
        }

        do
        {
            string key = FieldText.Of(Value(map.Key, columns)) ?? throw new InvalidDataException($"a key of the column \"{map.Path}\" is not plain.");
            if (!entries.TryAdd(key, Value(map.Value, columns)))
                throw new InvalidDataException($"the column \"{map.Path}\" has the key \"{key}\" twice in a row.");
        }
        while (first.Repetition == map.MaxRepetitionLevel);
        return entries;
    }

    private static object? Nothing(Field field, Dictionary<DataField, ParquetColumn> columns)
    {
        Skip(field, columns);
        return null;
    }

    /// <summary>Where a list or a structure is not there, each of its columns has one entry that says so.</summary>
    private static void Skip(Field field, Dictionary<DataField, ParquetColumn> columns)
    {
        foreach (DataField leaf in Leaves(field))
            columns[leaf].Take();
    }

    private static ParquetColumn First(Field field, Dictionary<DataField, ParquetColumn> columns) => columns[Leaves(field).First()];

    private static IEnumerable<DataField> Leaves(Field field) => field switch
    {
        DataField data => [data],
        ListField list => Leaves(list.Item),
        MapField map => Leaves(map.Key).Concat(Leaves(map.Value)),
        StructField parts => parts.Fields.SelectMany(Leaves),
        _ => [],
    };

    /// <summary>Parquet.Net tells of damage by whatever broke: an index, a cast, a size that is no size.</summary>
    private static T Guarded<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is not DataException)
        {
            Exception cause = error is System.Reflection.TargetInvocationException { InnerException: { } inner } ? inner : error;
            throw new DataException(path, $"it cannot be read as Parquet: {cause.Message}", cause);
        }
    }
}
