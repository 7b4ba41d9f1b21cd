using Backstop.Client;

namespace Backstop.EndToEnd.Tests;

/// <summary>A manifest means the same in YAML and in JSON.</summary>
public sealed class YamlManifestTests
{
    [Fact]
    public void Yaml_and_json_give_the_same_manifest()
    {
        var yaml = YamlManifest.Parse(
            """
            model: { name: assistant, version: "8" }
            parameters:
              temperature: 0.2
              stop: [END, 'no']
            serving:
              model: v8
              replicas:
                - http://127.0.0.1:9000
            """);
        var json = YamlManifest.Parse(
            """
            {"model":{"name":"assistant","version":"8"},"parameters":{"temperature":0.2,"stop":["END","no"]},
             "serving":{"model":"v8","replicas":["http://127.0.0.1:9000"]}}
            """);

        Assert.Equal(json.ToJsonString(), yaml.ToJsonString());
    }

    [Fact]
    public void Words_that_older_yaml_took_for_truth_values_stay_words() =>
        Assert.Equal("""{"country":"no","state":"on"}""", YamlManifest.Parse("country: no\nstate: on").ToJsonString());

    [Fact]
    public void A_broken_file_names_the_line() =>
        Assert.Contains("line 2", Assert.Throws<FormatException>(() => YamlManifest.Parse("a: 1\nb: ]\nc: 2")).Message, StringComparison.Ordinal);

    [Fact]
    public void A_list_is_no_manifest() =>
        Assert.Contains("serving", Assert.Throws<FormatException>(() => YamlManifest.Parse("- a\n- b")).Message, StringComparison.Ordinal);
}
