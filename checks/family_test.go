package checks

import (
	"context"
	"strings"
	"testing"
)

func TestFamiliesOfAPlan(t *testing.T) {
	check := func(name string) *Check {
		return &Check{Name: name, Doc: "test", Run: func(context.Context, *Task) error { return nil }}
	}
	a := &Family{Name: "a", Doc: "test", Checks: []*Check{check("a1"), check("a2")}}
	off := &Family{Name: "off", Doc: "a family that is switched off"}
	p, err := NewPlan([]*Family{a, off}, check("own"))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Families()) != 2 || p.Family(0) != a || p.Family(1) != a || p.Family(2) != nil || p.Checks()[2].Name != "own" {
		t.Errorf("%v, %v", p.Families(), p.Checks())
	}
	for want, list := range map[string][]*Family{
		"nil in the list":          {nil},
		"no name":                  {{Doc: "test"}},
		"family b: no doc":         {{Name: "b"}},
		"family a: listed twice":   {a, {Name: "a", Doc: "another"}},
		"family b: config is not ": {{Name: "b", Doc: "test", Config: func() {}}},
		"check a1: listed twice":   {a, {Name: "b", Doc: "test", Checks: []*Check{check("a1")}}},
	} {
		if _, err := NewPlan(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
