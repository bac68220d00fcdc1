package state

import (
	"fmt"
	"strings"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/bayes/naive"
	"github.com/winnowmail/winnow/bayes/osb"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/storage"
)

// Helps of the flags -model and -classes.
const (
	ModelUsage = "`name` of what learns in -state: fused, osb or osb34 (the statistics of Rspamd 4.1.6 or 3.4, over Rspamd's own keys with -state " +
		"redis://HOST?rspamd=true), or naive"
	ClassesUsage = "`classes` that -model osb, osb34 or naive tells apart, by commas; by default spam,ham"
)

// A Model is what the flags -model and -classes choose; the zero value is fused.
type Model struct {
	Name, Classes string
	// OSB has what files say of the model osb; its classes and dialect are those of
	// the flags.
	OSB osb.Options
}

// Check returns an error for flags that name no model.
func (m *Model) Check() error {
	switch m.Name {
	case "", "fused":
		if m.Classes != "" {
			return fmt.Errorf("-classes: model fused has spam and ham")
		}
		return nil
	case "osb", "osb34", "naive":
		return nil
	}
	return fmt.Errorf("-model: %q is none of fused, osb, osb34 and naive", m.Name)
}

// Fused reports whether the model is a bayes.Learner.
func (m *Model) Fused() bool { return m.Name == "" || m.Name == "fused" }

// Has reports whether the model tells a class apart.
func (m *Model) Has(class bayes.Class) bool {
	for _, c := range m.list() {
		if c == string(class) {
			return true
		}
	}
	return m.Classes == "" && (class == bayes.Spam || class == bayes.Ham)
}

func (m *Model) list() []string {
	if m.Classes == "" {
		return nil
	}
	return strings.Split(m.Classes, ",")
}

// Classifiers returns the model over a store as winnow.Options has it, none for
// fused.
func (m *Model) Classifiers(store storage.Tokens) ([]statistics.Classifier, error) {
	var model bayes.Classifier
	var err error
	oo := m.OSB
	oo.Classes = m.list()
	switch m.Name {
	case "osb":
		model, err = osb.New(store, oo)
	case "osb34":
		oo.Dialect = osb.Rspamd34
		model, err = osb.New(store, oo)
	case "naive":
		model, err = naive.New(store, naive.Options{Classes: m.list()})
	default:
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("-model %s: %w", m.Name, err)
	}
	return []statistics.Classifier{{Model: model}}, nil
}
