package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks/external"
)

// scannerFlag is -scanner: TYPE@ADDRESS[,ADDRESS…].
type scannerFlag []external.Rule

// scannerTypes are the types for the help text.
func scannerTypes() string {
	var names []string
	for t := range maps.Keys(external.Types()) {
		names = append(names, string(t))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (f *scannerFlag) String() string { return "" }

func (f *scannerFlag) Set(text string) error {
	kind, servers, ok := strings.Cut(text, "@")
	if !ok || servers == "" {
		return fmt.Errorf("want TYPE@ADDRESS, got %q", text)
	}
	list := append(*f, external.Rule{Type: external.Type(kind), Servers: strings.Split(servers, ",")})
	if err := (external.Options{Rules: list}).Validate(); err != nil {
		return err
	}
	*f = list
	return nil
}
