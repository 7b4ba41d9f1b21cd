using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Backstop.Control.Access;
using Backstop.Control.Registry;
using Backstop.Core.Access;
using Backstop.Core.Prompts;
using Backstop.Core.Registry;
using Backstop.Prompts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Api;

/// <summary>Components: register versions of models, prompts, guard policies and the like, read them, compare them.</summary>
internal static class ComponentEndpoints
{
    private const int LongestPage = 1000;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/components", List).WithSummary("List the components and their versions, by kind and name.").Needs(Scope.Read);
        api.MapPost("/components/{kind}/{component}", Register).Answers(StatusCodes.Status201Created)
            .WithSummary("Register a component: as its next version, or as the one that has this content already.").Needs(Scope.Write);
        api.MapGet("/components/{kind}/{component}/{version}", async (string kind, string component, string version, ComponentStore components) =>
            ApiJson.Ok(View(await Find(components, kind, component, version)))).WithSummary("Show a version of a component, or its 'latest'.").Needs(Scope.Read);
        api.MapGet("/components/{kind}/{component}/{version}/diff/{other}", Diff)
            .WithSummary("Name every difference between two versions of a component.").Needs(Scope.Read);
        api.MapGet("/aliases/{name}/prompt", PromptOf).WithSummary("Show the prompt that an alias serves now.").NeedsOnAlias(Scope.Read);
    }

    private static async Task<Answer<List<ListedComponent>>> List(string? kind, string? name, string? after, int? limit, HttpContext context, ComponentStore components)
    {
        var most = Math.Clamp(limit ?? LongestPage, 1, LongestPage);
        var page = await components.Page(kind, name, after is null ? null : Cursor(after), most);
        PageLink.Add(context, page.Count, most, page.LastOrDefault() is { } last ? $"{last.Kind}/{last.Name}@{last.Version}" : null);
        return ApiJson.Ok(page);
    }

    private static async Task<Answer<ComponentView>> Register(
        string kind, string component, Body<NewComponent> request, HttpContext context, ComponentStore components)
    {
        var body = await request.Read();
        if (Component.FlawOf(kind, component, body.Content) is { } flaw)
        {
            throw RefusedException.Invalid(flaw);
        }

        if (kind == "prompt")
        {
            ReleaseDoor.Check(Prompt.Parse(body.Content.GetRawText()));
        }

        if (body.Lineage is { } lineage && LineageLink.Read(lineage).Flaw is { } unclear)
        {
            throw RefusedException.Invalid(unclear);
        }

        var (registered, isNew) = await components.Register(
            kind, component, CanonicalJson.Of(body.Content), body.Lineage is { } from ? CanonicalJson.Of(from) : null, Caller.Of(context));
        return ApiJson.Ok(View(registered), isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK);
    }

    private static async Task<Answer<DiffView>> Diff(string kind, string component, string version, string other, ComponentStore components)
    {
        var (a, b) = (await Find(components, kind, component, version), await Find(components, kind, component, other));
        return ApiJson.Ok(new DiffView(
            a.Component.Digest == b.Component.Digest ? [] : [kind],
            [.. ReleaseDiff.Between(a.Component, b.Component).Select(DifferenceView.Of)]));
    }

    private static async Task<Answer<AliasPromptView>> PromptOf(string name, AliasQueries queries, ReleaseStore releases)
    {
        var alias = await AliasEndpoints.View(queries, name);
        var release = await releases.Get(alias.Current.Digest);
        return ApiJson.Ok(new AliasPromptView(
            name,
            alias.Epoch,
            alias.Generation,
            alias.Current,
            release.Components.TryGetValue("prompt", out var pin) ? new(pin.Name, pin.Version, pin.Digest) : null,
            [.. (release.Prompt?.Messages ?? []).Select(m => new MessageView(m.Role, m.Text))],
            release.Prompt?.IsTemplate ?? false,
            (release.Prompt?.Variables ?? ImmutableSortedDictionary<string, PromptVariable>.Empty)
                .ToImmutableSortedDictionary(v => v.Key, v => VariableView.Of(v.Value), StringComparer.Ordinal)));
    }

    private static async Task<RegisteredComponent> Find(ComponentStore components, string kind, string name, string version)
    {
        var number = version == "latest" ? 0
            : int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var given) && given > 0 ? given
            : throw RefusedException.Invalid($"'{version}' is not a version: write a number from 1 on, or 'latest'.");
        return await components.Find(kind, name, number) ?? throw RefusedException.Missing(
            $"There is no {kind} '{name}' of version {version}. List them with GET /api/v1/components?kind={Uri.EscapeDataString(kind)}.");
    }

    private static ComponentRef Cursor(string after) => after.Split('/', 2) is [var kind, var name] && ComponentRef.Parse(kind, name) is { } cursor
        ? cursor
        : throw RefusedException.Invalid($"'after' is '{after}': write the last one you have as KIND/NAME@VERSION.");

    private static ComponentView View(RegisteredComponent registered) => new(
        registered.Component.Ref.Kind,
        registered.Component.Ref.Name,
        registered.Component.Ref.Version,
        registered.Component.Digest,
        registered.CreatedAt,
        JsonElement.Parse(registered.Component.Content),
        registered.Lineage is { } lineage ? JsonElement.Parse(lineage) : null);

    private sealed record NewComponent(JsonElement Content, JsonElement? Lineage = null);

    private sealed record ComponentView(
        string Kind, string Name, int Version, string Digest, DateTimeOffset CreatedAt, JsonElement Content, JsonElement? Lineage);

    private sealed record AliasPromptView(
        string Alias,
        long Epoch,
        long Generation,
        ReleaseName Release,
        PinView? Component,
        ImmutableArray<MessageView> Messages,
        bool IsTemplate,
        ImmutableSortedDictionary<string, VariableView> Variables);

    private sealed record PinView(string Name, int Version, string Digest);

    private sealed record MessageView(string Role, string Content);

    private sealed record VariableView(bool Required, string? Description, JsonElement? Default, JsonElement? Example)
    {
        public static VariableView Of(PromptVariable variable) =>
            new(variable.IsRequired, variable.Description, Json(variable.Default), Json(variable.Example));

        private static JsonElement? Json(string? text) => text is null ? null : JsonElement.Parse(text);
    }
}
