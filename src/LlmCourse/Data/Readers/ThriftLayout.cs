namespace LlmCourse.Data;

/// <summary>
/// The structures of a Parquet file as Thrift's compact protocol writes them (apache/parquet-format, parquet.thrift): for each
/// the types of its fields. i: whole number; b: bytes; y: byte; d: double; t: truth; [x]: list of x; a name: a structure.
/// </summary>
internal static class ThriftLayout
{
    private const string Text = """
        File 1:i 2:[Schema] 3:i 4:[Group] 5:[Pair] 6:b 7:[Order] 9:b
        Schema 1:i 2:i 3:i 4:b 5:i 6:i 7:i 8:i 9:i 10:Logical
        Logical 1:None 2:None 3:None 4:None 5:Decimal 6:None 7:Time 8:Time 10:Integer 11:None 12:None 13:None 14:None 15:None 16:Variant 17:Geometry 18:Geometry
        Decimal 1:i 2:i
        Time 1:t 2:Unit
        Unit 1:None 2:None 3:None
        Integer 1:y 2:t
        Variant 1:y
        Geometry 1:b 2:i
        Group 1:[Chunk] 2:i 3:i 4:[Sorting] 5:i 6:i 7:i
        Chunk 1:b 2:i 3:Column 4:i 5:i 6:i 7:i
        Column 1:i 2:[i] 3:[b] 4:i 5:i 6:i 7:i 8:[Pair] 9:i 10:i 11:i 12:Statistics 13:[Encoding] 14:i 15:i 16:Sizes 17:Geospatial
        Statistics 1:b 2:b 3:i 4:i 5:b 6:b 7:t 8:t
        Encoding 1:i 2:i 3:i
        Sizes 1:i 2:[i] 3:[i]
        Geospatial 1:Box 2:[i]
        Box 1:d 2:d 3:d 4:d 5:d 6:d 7:d 8:d
        Sorting 1:i 2:t 3:t
        Pair 1:b 2:b
        Order 1:None
        None
        Page 1:i 2:i 3:i 4:i 5:DataPage 6:None 7:DictionaryPage 8:DataPage2
        DataPage 1:i 2:i 3:i 4:i 5:Statistics
        DictionaryPage 1:i 2:i 3:t
        DataPage2 1:i 2:i 3:i 4:i 5:i 6:i 7:t 8:Statistics
        """;

    private static readonly Dictionary<string, Dictionary<int, string>> Structures = Text.Split('\n', StringSplitOptions.TrimEntries)
        .Select(line => line.Split(' '))
        .ToDictionary(words => words[0], words => words.Skip(1).Select(word => word.Split(':')).ToDictionary(pair => int.Parse(pair[0], null), pair => pair[1]));

    /// <summary>The type of a field; null where the structure has no such field.</summary>
    public static string? Field(string structure, int field) => Structures[structure].GetValueOrDefault(field);
}
