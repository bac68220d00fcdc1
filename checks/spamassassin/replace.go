package spamassassin

import (
	"slices"
	"strings"
)

// replacements are the tags that stand for parts of patterns (the plugin
// ReplaceTags).
type replacements struct {
	tags             map[string]string
	pre, inter, post map[string]string
	rules            map[string]bool
	start, end       string
}

func newReplacements() replacements {
	return replacements{tags: map[string]string{}, pre: map[string]string{}, inter: map[string]string{}, post: map[string]string{}, rules: map[string]bool{}, start: "<", end: ">"}
}

func (t *replacements) read(key, rest string) {
	name, text := word(rest)
	switch key {
	case "replace_tag":
		t.tags[name] = text
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
}

// maxReplaced bounds what tags make of a pattern.
const maxReplaced = 500 << 10

// apply replaces the tags of a pattern; tags may hold tags.
func (t *replacements) apply(s string) string {
	pre, s := t.around("pre ", t.pre, s)
	inter, s := t.around("inter ", t.inter, s)
	post, s := t.around("post ", t.post, s)
	if inter != "" {
		s = strings.ReplaceAll(s, t.end+t.start, t.end+inter+t.start)
	}
	names := make([]string, 0, len(t.tags))
	for n := range t.tags {
		names = append(names, n)
	}
	slices.Sort(names)
	for range 5 { // as deep as SpamAssassin goes
		before := s
		for _, n := range names {
			if tag := t.start + n + t.end; strings.Contains(s, tag) {
				s = strings.ReplaceAll(s, tag, pre+t.tags[n]+post)
			}
			if len(s) > maxReplaced {
				return s
			}
		}
		if s == before {
			break
		}
	}
	return s
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
