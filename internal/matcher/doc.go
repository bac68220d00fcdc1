// Package matcher finds which of many patterns occur in a text, without running
// each of them. Patterns are regular expressions as Perl and PCRE write them,
// since that is what operators' rules are made of.
//
// For each pattern the literals are derived of which every match contains one.
// The literals of all patterns stand in one Aho-Corasick automaton; a pattern is
// looked at only around the places where its literals occur. Patterns without a
// literal are run on every text and can be listed.
//
// Patterns that the standard library's regexp can express run there, in linear
// time. Those with look-around, back-references, atomic groups or possessive
// quantifiers run in a backtracking matcher that counts its steps: what it may
// do is bounded by a Budget, and so is the sum of all patterns' work on a
// message. No clock decides, so that equal input gives equal output.
package matcher
