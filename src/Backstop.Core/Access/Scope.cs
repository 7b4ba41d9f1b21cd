using System.Collections.Immutable;

namespace Backstop.Core.Access;

/// <summary>What a caller may do. Everything a caller can ask for needs exactly one of them.</summary>
public enum Scope
{
    /// <summary>Ask models through aliases, and say whether the answers were right.</summary>
    Invoke,

    /// <summary>Look: releases, aliases, rollouts, incidents, gates, the journal.</summary>
    Read,

    /// <summary>Put things into the registry that no traffic reaches by itself: releases, aliases that are new.</summary>
    Write,

    /// <summary>Move traffic, and hold or lift what moves it: swaps, rollouts, rollbacks, incidents, gates.</summary>
    Operate,

    /// <summary>Say who may do what, and change how the store itself counts.</summary>
    Admin,
}

/// <summary>How scopes include each other.</summary>
public static class Scopes
{
    /// <summary>Every scope as it is written.</summary>
    public static ImmutableArray<string> Names { get; } = ["invoke", "read", "write", "operate", "admin"];

    /// <summary>The scope of a word; null when it is none.</summary>
    public static Scope? Parse(string word) => Names.IndexOf(word) is >= 0 and var at ? (Scope)at : null;

    /// <summary>A scope as it is written.</summary>
    public static string Word(this Scope scope) => Names[(int)scope];

    /// <summary>
    /// Admin includes all. Whoever may write or operate may read, because nobody should change what he cannot see. Operate does
    /// not include write: who is on call need not be able to make releases, and a pipeline that makes them need not move traffic.
    /// </summary>
    public static bool Includes(this Scope held, Scope needed) =>
        held == needed || held == Scope.Admin || (needed == Scope.Read && held is Scope.Write or Scope.Operate);
}
