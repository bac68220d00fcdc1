package spamassassin

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// replacements are the tags that stand for parts of patterns (the plugin
// ReplaceTags).
type replacements struct {
	tags             map[string]string
	pre, inter, post map[string]string
	rules            map[string]bool
	start, end       string
	names            []string // of tags, sorted; nil: to be made
}

func newReplacements() replacements {
	return replacements{tags: map[string]string{}, pre: map[string]string{}, inter: map[string]string{}, post: map[string]string{}, rules: map[string]bool{}, start: "<", end: ">"}
}

func (t *replacements) read(key, rest string) error {
	name, text := word(rest)
	switch key {
	case "replace_tag":
		if _, ok := t.tags[name]; !ok && len(t.tags) == maxTags {
			return errTags
		}
		t.tags[name], t.names = text, nil
	case "replace_pre":
		t.pre[name] = text
	case "replace_inter":
		t.inter[name] = text
	case "replace_post":
		t.post[name] = text
	case "replace_start":
		t.start = name
	case "replace_end":
		t.end = name
	case "replace_rules":
		for _, r := range strings.Fields(rest) {
			t.rules[r] = true
		}
	}
	return nil
}

// Bounds of tags, of which SpamAssassin has some 150: how many there are, and the
// bytes of what they make of a pattern.
const (
	maxTags     = 2000
	maxReplaced = 500 << 10
)

var errTags = errors.New("more than " + strconv.Itoa(maxTags) + " replacement tags")

// apply replaces the tags of a pattern; tags may hold tags.
func (t *replacements) apply(s string) string {
	pre, s := t.around("pre ", t.pre, s)
	inter, s := t.around("inter ", t.inter, s)
	post, s := t.around("post ", t.post, s)
	if inter != "" {
		s = expand(s, t.end+t.start, t.end+inter+t.start)
	}
	if t.names == nil {
		t.names = slices.Sorted(maps.Keys(t.tags))
	}
	for range 5 { // as deep as SpamAssassin goes
		before := s
		for _, n := range t.names {
			s = expand(s, t.start+n+t.end, pre+t.tags[n]+post)
		}
		if s == before {
			break
		}
	}
	return s
}

// expand replaces a tag, unless the result is too large: the pattern is none then.
func expand(s, tag, text string) string {
	if tag == "" || len(s)+strings.Count(s, tag)*len(text) > maxReplaced {
		return s
	}
	return strings.ReplaceAll(s, tag, text)
}

// around takes a tag such as <inter W1> out and returns what it stands for.
func (t *replacements) around(prefix string, tags map[string]string, s string) (text, rest string) {
	i := strings.Index(s, t.start+prefix)
	if i < 0 {
		return "", s
	}
	name, after, ok := strings.Cut(s[i+len(t.start)+len(prefix):], t.end)
	if !ok {
		return "", s
	}
	return tags[name], s[:i] + after
}
