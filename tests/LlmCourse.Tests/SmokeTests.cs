using LlmCourse.Runtime;

namespace LlmCourse.Tests;

public sealed class SmokeTests
{
    [Fact]
    public void Library_errors_share_one_base() => Assert.True(typeof(LlmException).IsAbstract);
}
