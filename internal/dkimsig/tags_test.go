package dkimsig

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseTags(t *testing.T) {
	list := " v = 1;\r\n\ta=rsa-sha256 ; b=\r\n\tAb c\r\n ;c=;_x="
	if _, err := ParseTags(list); err == nil {
		t.Error("a tag name may not begin with _")
	}
	list = strings.TrimSuffix(list, ";_x=")
	tags, err := ParseTags(list)
	if err != nil || len(tags) != 4 {
		t.Fatal(tags, err)
	}
	for name, want := range map[string]string{"v": "1", "a": "rsa-sha256", "b": "Ab c", "c": ""} {
		got, ok := tags.Get(name)
		if !ok || got != want {
			t.Errorf("%s=%q, want %q", name, got, want)
		}
	}
	b := tags.Find("b")
	if got := list[b.Start:b.End]; got != "\r\n\tAb c\r\n " {
		t.Errorf("b is at %q", got)
	}
	if tags.Find("V") != nil {
		t.Error("tag names are case-sensitive")
	}
}

func TestParseTagsRefuses(t *testing.T) {
	for _, list := range []string{
		"", " \r\n", ";", "v=1;;a=b", "v=1; ;a=b", "a", "a=1;b", "1=a", "a b=c", "=x", "a=1;a=2", "a=\x00", "a=\x7f", "a-b=1",
	} {
		if tags, err := ParseTags(list); err == nil {
			t.Errorf("%q: %v", list, tags)
		}
	}
	for _, list := range []string{"a=1;", "a=1; \r\n\t", "a=1", "a = ; b_2=\xc3\xa4=", "a==;b=="} {
		if _, err := ParseTags(list); err != nil {
			t.Errorf("%q: %v", list, err)
		}
	}
}

func TestParseTagsIsBounded(t *testing.T) {
	var b strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&b, "t%d=1;", i)
	}
	tags, err := ParseTags(b.String())
	if err == nil || len(tags) != MaxTags {
		t.Errorf("%d tags, %v", len(tags), err)
	}
}
