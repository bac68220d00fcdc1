package scanner

import (
	"errors"
	"slices"
	"strconv"

	"github.com/winnowmail/winnow/checks/option"
)

// A Classifier is what files say of Rspamd's own statistics: the model osb of
// bayes/osb over Rspamd's keys. Zero fields are its defaults.
type Classifier struct {
	Classes                       []string // none: spam and ham
	Table                         string   // beginning of the keys
	MinLearns, MinTokens, MinHits int
	Strength                      float64
}

// shaping are keys that mean something to Rspamd's own statistics only.
func shaping() []string {
	return []string{"backend", "min_learns", "min_tokens", "min_token_hits", "min_prob_strength", "prefix", "statfile", "class", "tokenizer", "new_schema"}
}

// bayes is the table of classifier-bayes.conf. Where files of the operator's own say
// one of the keys that shape Rspamd's statistics, these are meant; else what is
// learned is the program's choice.
func (s *Setup) bayes() *option.Section {
	var c Classifier
	return &option.Section{Name: "bayes", Doc: "learns from mail that people and verdicts sort", Keys: append([]option.Key{
		option.Func("autolearn", "boolean, [HAM, SPAM] or a section", s.autolearn, "learn by itself: by verdict, or from and up to scores").Or("false").Example(true),
		option.Int("min_learns", &c.MinLearns, "how many lessons of each class are needed").Or(200),
		option.Int("min_tokens", &c.MinTokens, "how many tokens a message needs").Or(11),
		option.Int("min_token_hits", &c.MinHits, "how often a token must have been learned").Or(2),
		option.Float("min_prob_strength", &c.Strength, "how far from a half a token must be").Or(0.05),
		option.String("prefix", &c.Table, "beginning of the keys").Or("RS").Example("BAYES"),
		option.Func("statfile", "sections with symbol and spam, or class", c.statfiles, "the classes; SPAM and HAM are those of symbols BAYES_SPAM and BAYES_HAM").
			Example([]any{map[string]any{"class": "news"}, map[string]any{"class": "spam"}}),
		option.Fixed("backend", "redis", "what is learned is kept in Redis, or in the state that flags name"),
		option.Fixed("new_schema", true, "what is learned is kept as Rspamd's newer schema has it"),
		option.Fixed("store_tokens", false, "words are not kept as text"),
		option.Fixed("signatures", false, "lessons have their own keys"),
	}, slices.Concat(
		option.Without("tokens are those of osb", "tokenizer"),
		option.Without("what was learned is known by its own keys", "cache"),
		option.Without("Lua is not run: what is learned by itself is said by autolearn, and lessons of people all count", "learn_condition"),
		option.Without("the model of users is fused (flag -per-user of dms)", "users_enabled", "per_user", "per_language", "languages_enabled"),
		option.Without("what is learned stays until it is trained the other way", "expire", "lazy", "expiry"),
		option.Without("classes are those of statfile", "classes", "class", "type", "name", "class_labels"),
		option.Without("the server has its own time limit", "timeout"))...),
		Use: func() error {
			if s.tree == nil || s.shaped() {
				s.Daemon.Classifier = &c
			}
			return nil
		}}
}

// shaped says whether a file of the operator's own says how Rspamd's statistics are.
func (s *Setup) shaped() bool {
	for _, v := range s.named("classifier", "bayes") {
		for _, key := range shaping() {
			if ownPlace(v.Get(key)) != nil {
				return true
			}
		}
	}
	return false
}

// statfiles reads the classes. Spam and ham alone need no names.
func (c *Classifier) statfiles(v option.Value) error {
	c.Classes = nil
	for _, item := range v.Items() {
		name := ""
		table := &option.Section{Name: "statfile", Doc: "one class", Keys: append([]option.Key{
			option.String("class", &name, "its name"),
			option.Func("spam", "boolean", func(v option.Value) error {
				spam, err := v.AsBool()
				if err == nil && name == "" {
					name = map[bool]string{true: "spam", false: "ham"}[spam]
				}
				return err
			}, "spam or ham"),
		}, option.Idle("symbols are BAYES_SPAM and BAYES_HAM, and BAYES_ with the name of another class", "symbol", "label", "path", "size")...)}
		var warned error
		if err := table.Apply(item, func(err error) {
			if !errors.Is(err, option.ErrIdle) {
				warned = err
			}
		}); err != nil || warned != nil {
			return errors.Join(err, warned)
		}
		if name == "" {
			return item.Errorf("a statfile needs a class, or spam = true or false")
		}
		c.Classes = append(c.Classes, name)
	}
	if len(c.Classes) < 2 {
		return v.Errorf("there is one class only")
	}
	if list := slices.Sorted(slices.Values(c.Classes)); slices.Equal(list, []string{"ham", "spam"}) {
		c.Classes = nil
	}
	return nil
}

// autolearn reads the forms of Rspamd's autolearn.
func (s *Setup) autolearn(v option.Value) error {
	if v.IsObject() {
		var ham, spam *float64
		balance := .9
		table := &option.Section{Name: "autolearn", Doc: "scores", Keys: []option.Key{
			option.FloatPtr("spam_threshold", &spam, "learned as spam from here on"),
			option.FloatPtr("ham_threshold", &ham, "learned as ham up to here"),
			option.Fixed("check_balance", true, "neither class runs away from the other"),
			option.Float("min_balance", &balance, "how far the smaller class may fall behind"),
		}}
		if err := table.Apply(v, s.warn); err != nil {
			return err
		}
		if ham == nil || spam == nil {
			return v.Errorf("autolearn needs spam_threshold and ham_threshold")
		}
		return s.scores(v, *ham, *spam)
	}
	if v.IsList() {
		items := v.Items()
		if len(items) != 2 {
			return v.Errorf("autolearn is [HAM, SPAM]")
		}
		ham, err := items[0].AsFloat()
		if err != nil {
			return err
		}
		spam, err := items[1].AsFloat()
		if err != nil {
			return err
		}
		return s.scores(v, ham, spam)
	}
	on, err := v.AsBool()
	if err == nil && on {
		s.Daemon.Autolearn = "action"
	}
	return err
}

func (s *Setup) scores(v option.Value, ham, spam float64) error {
	if !(ham < spam) {
		return v.Errorf("the score of ham, %g, is not below that of spam, %g", ham, spam)
	}
	s.Daemon.Autolearn = strconv.FormatFloat(ham, 'f', -1, 64) + "," + strconv.FormatFloat(spam, 'f', -1, 64)
	return nil
}
