using LlmCourse.Data;

namespace LlmCourse.Tests.Data;

public sealed class DataRecordTests
{
    private static readonly DataRecord Row = Of(("text", "a"), ("n", 3L), ("none", null), ("a.b", "dotted"), ("a", new Dictionary<string, object?> { ["b"] = "inner", ["c"] = new object?[] { "first", 2L } }));

    public static DataRecord Of(params (string Name, object? Value)[] fields) => new(fields.ToDictionary(field => field.Name, field => field.Value), "rows.jsonl", 7);

    [Fact]
    public void Values_are_found_by_name_and_by_path()
    {
        Assert.Equal("rows.jsonl:7", Row.Source);
        Assert.Equal("a", Row.Get<string>("text"));
        Assert.Equal(3L, Row.Get<long>("n"));
        Assert.Equal(3.0, Row.Get<double>("n"));
        Assert.Equal(3.0, Row.Get<double?>("n"));
        Assert.Null(Row.Get<double?>("none"));
        Assert.Equal("dotted", Row.Get<string>("a.b"));
        Assert.Equal("first", Row.Get<string>("a.c.0"));
        Assert.Equal(2L, Row.Get<long?>("a.c.1"));
    }

    [Theory]
    [InlineData("absent")]
    [InlineData("a.x")]
    [InlineData("a.c.2")]
    [InlineData("a.c.-1")]
    [InlineData("text.0")]
    public void A_missing_field_is_named(string field) =>
        Assert.Equal($"rows.jsonl:7: there is no field \"{field}\"; the row has \"text\", \"n\", \"none\", \"a.b\", \"a\".", Assert.Throws<DataException>(() => Row.Get<string>(field)).Message);

    [Fact]
    public void A_value_of_another_type_is_named()
    {
        Assert.Contains("the field \"n\" is a number, not String", Assert.Throws<DataException>(() => Row.Get<string>("n")).Message, StringComparison.Ordinal);
        Assert.Contains("the field \"text\" is text, not Int64", Assert.Throws<DataException>(() => Row.Get<long>("text")).Message, StringComparison.Ordinal);
        Assert.Contains("the field \"none\" is null, not Int64", Assert.Throws<DataException>(() => Row.Get<long>("none")).Message, StringComparison.Ordinal);
        Assert.Contains("the field \"a.c\" is a list", Assert.Throws<DataException>(() => Row.Get<bool>("a.c")).Message, StringComparison.Ordinal);
    }
}
