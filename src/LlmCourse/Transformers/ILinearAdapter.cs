using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>What adapters are to the model: something that may change the output of a linear map.</summary>
internal interface ILinearAdapter
{
    /// <summary>
    /// Returns the output with the adapter's share. Rows that have no adapter at this site keep their bits.
    /// </summary>
    /// <param name="site">Where.</param>
    /// <param name="input">The map's input, [B, T, input].</param>
    /// <param name="output">Its output without adapter, [B, T, output]; returned as it is where there is nothing to add.</param>
    public Tensor Apply(AdapterSite site, Tensor input, Tensor output);

    /// <summary>Whether <see cref="Apply"/> may change anything at this site.</summary>
    public bool ActsOn(AdapterSite site);

    /// <summary>The adapter of a batch whose row i is what row rows[i] was.</summary>
    public ILinearAdapter Select(int[] rows);
}
