package neural

import (
	"reflect"
	"testing"
	"time"

	"github.com/winnowmail/winnow/checks/option"
)

// apply reads a section.
func apply(t *testing.T, says map[string]any) (Options, []error) {
	t.Helper()
	var o Options
	var warnings []error
	if err := o.Section().Apply(option.Of(says), func(err error) { warnings = append(warnings, err) }); err != nil {
		t.Errorf("%v: %v", says, err)
	}
	return o, warnings
}

// TestSection holds that each key has an effect, alone, in train and in rules.
func TestSection(t *testing.T) {
	if err := new(Options).Section().Check(); err != nil {
		t.Error(err)
	}
	var walk func(s *option.Section, wrap func(map[string]any) map[string]any)
	walk = func(s *option.Section, wrap func(map[string]any) map[string]any) {
		plain, _ := apply(t, wrap(map[string]any{}))
		for _, k := range s.Keys {
			if k.Absent != "" {
				continue
			}
			if k.Sample() == nil {
				for _, below := range k.Sections {
					walk(below, func(v map[string]any) map[string]any { return wrap(k.Around(v)) })
				}
				continue
			}
			o, warnings := apply(t, wrap(map[string]any{k.Name(): k.Sample()}))
			if reflect.DeepEqual(o, plain) || len(warnings) > 0 {
				t.Errorf("%s.%s = %v has no effect: %v", s.Name, k.Name(), k.Sample(), warnings)
			}
		}
	}
	walk(new(Options).Section(), func(v map[string]any) map[string]any { return v })
}

// The three nets of docker-mailserver come out of its file.
func TestMailserverFile(t *testing.T) {
	net := func(trains, usages, days int, name string) map[string]any {
		return map[string]any{
			"train":       map[string]any{"max_trains": trains, "max_usages": usages, "max_iterations": 25, "learning_rate": 0.01, "spam_score": 8, "ham_score": -2},
			"symbol_spam": name + "_SPAM", "symbol_ham": name + "_HAM", "ann_expire": time.Duration(days) * 24 * time.Hour,
		}
	}
	o, warnings := apply(t, map[string]any{"rules": map[string]any{
		"NEURAL_DAYS": net(200, 10, 100, "NEURAL_DAYS"), "NEURAL_HALF_DAY": net(50, 4, 13, "NEURAL_HALF_DAY"), "NEURAL_WEEK": net(1000, 50, 300, "NEURAL_WEEK"),
	}})
	want := Mailserver()
	want = []Rule{want[1], want[2], want[0]}
	for i := range want {
		want[i].Iterations = 25
		want[i].Spam.Weight, want[i].Ham.Weight = 0, 0 // its groups say them
	}
	if !reflect.DeepEqual(o.Rules, want) || len(warnings) > 0 {
		t.Errorf("%+v, want %+v: %v", o.Rules, want, warnings)
	}
	if one, _ := apply(t, map[string]any{"train": map[string]any{"max_trains": 7}}); len(one.Rules) != 1 || one.Rules[0].Name != "default" || one.Rules[0].MaxTrains != 7 {
		t.Errorf("%+v", one.Rules)
	}
}
