// Package symbols holds the vocabulary of a verdict: a Def declares a symbol
// (its name, groups, default weight and meaning), a Hit is one time a check
// raised it, and Evidence says where.
//
// Symbol names are Rspamd's where the rule is Rspamd's. Next stop: package
// checks, whose Task.Hit raises symbols, and package score, which sums them.
package symbols

// A Def declares one symbol. It is identity as well as description: checks
// hold the pointer, so a misspelt symbol does not compile. A Def is never
// changed after it was made; Weight is only the default, score.Metric may
// override it.
type Def struct {
	Name string // upper case by convention, unique within a Scanner
	Doc  string // one sentence: what the message did, for operators
	// Groups are the groups that the symbol belongs to; the first is the
	// primary one. A group's limits in score.Metric bound what its symbols add
	// together.
	Groups []string
	Weight float64 // score of one hit with factor 1
	// Lowers tells that the symbol never raises the score: its weight counts as
	// negative, whatever sign an operator gives it.
	Lowers bool
	// OneShot counts the symbol once however often it is raised; the largest
	// factor wins. The same as MaxShots 1.
	OneShot bool
	// MaxShots limits how many hits add to the score; 0 means the metric's
	// default (100).
	MaxShots int
	// NoAnswer tells that the symbol says nothing of the message, only that a
	// question got no answer. It does not count when most of a scan's
	// questions got none, whatever its weight.
	NoAnswer bool
	// Shared lets another check raise the symbol, too, by a Def of its own: of those
	// with one name all but one have to be Shared, and that one, else the first in
	// list order, says what the symbol is. It is in the groups of all.
	Shared bool `json:",omitempty"`
}

// A Hit is one raising of a symbol by a check.
type Hit struct {
	Def *Def
	// Factor multiplies the weight. A Hit with factor 0 adds nothing; Task.Hit
	// sets 1.
	Factor   float64
	Options  []string // short facts for people and for composites: "[opt]"
	Evidence []Evidence
}

// Evidence says where in the message, or in which DNS answer, a check saw what
// it reports. Fields that do not apply are zero.
type Evidence struct {
	Part   string // MIME part path as "1.2", "" for the message's own header
	Header string // field name as the message spells it
	// Offset and Length are the byte range in the raw message; Length 0 means
	// that no range is known.
	Offset, Length int
	// Decoded means that the range is in the part's decoded text
	// (mail.Text.UTF8): winnow's Result.Explain finds the place in the raw
	// message.
	Decoded       bool
	Pattern       string // the text or rule that matched
	Query, Answer string // a DNS question ("name TYPE") and what came back
}
