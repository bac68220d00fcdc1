package ucl

// duplicate is what an include does with keys that are there already.
type duplicate uint8

const (
	appendValues duplicate = iota
	mergeValues
	rewriteValues
	refuseValues
)

func duplicateNamed(name string) (duplicate, bool) {
	for i, n := range [...]string{"append", "merge", "rewrite", "error"} {
		if n == name {
			return duplicate(i), true
		}
	}
	return 0, false
}

// value makes an empty value that stands at off, and counts it.
func (p *parser) value(c *chunk, off int) (*Value, error) {
	if p.values++; p.values > p.limits.Values {
		return nil, c.limit(off, errLimit)
	}
	return &Value{Priority: c.priority, at: place{c.src, off}}, nil
}

// insert finds or makes the value of a key of obj that is about to be read: a
// new one, the one that is there when the two are merged, or one that will be
// part of no object because what is there has a higher priority.
func (p *parser) insert(c *chunk, obj *Value, key string, off int) (*Value, error) {
	v, err := p.value(c, off)
	if err != nil {
		return nil, err
	}
	m, err := p.find(c, obj, key, off)
	if err != nil {
		return nil, err
	}
	if m == nil {
		m = &Member{Key: key, Values: []*Value{v}, at: v.at}
		v.home = m
		obj.add(m)
		return v, nil
	}
	old := m.Values[0]
	switch c.dup {
	case refuseValues:
		return nil, c.fail(off, DuplicateKey, "the key %s is there already, from %s", key, old.Pos())
	case rewriteValues:
		m.replace(v)
		return v, nil
	case mergeValues:
		if old.Kind == Object || old.Kind == Array {
			return old, nil
		}
	}
	v.home = m
	switch {
	case c.dup == appendValues && old.inherited, old.Priority < v.Priority:
		m.replace(v)
	case old.Priority == v.Priority:
		v.nth = len(m.Values)
		m.Values = append(m.Values, v)
	default:
		old.Over = append(old.Over, v)
	}
	return v, nil
}

// replace makes v the only value of m.
func (m *Member) replace(v *Value) {
	v.Over = m.Values[0].Over // grows in place, however often it is replaced
	for i, old := range m.Values {
		if i > 0 {
			v.Over = append(v.Over, old.Over...)
		}
		v.Over = append(v.Over, old)
		old.Over = nil
	}
	m.Values, v.home, v.nth = []*Value{v}, m, 0
}

// find looks for a key in obj and in the values that repeat obj's own key
// behind it: a merge of sections that are repeated reaches all of them.
func (p *parser) find(c *chunk, obj *Value, key string, off int) (*Member, error) {
	if m := obj.Member(key); m != nil || obj.home == nil {
		return m, nil
	}
	for i := obj.nth + 1; i < len(obj.home.Values); i++ {
		if err := p.step(1); err != nil {
			return nil, c.limit(off, err)
		}
		if m := obj.home.Values[i].Member(key); m != nil {
			return m, nil
		}
	}
	return nil, nil
}

// become turns v, which a key found, into a value of that kind. A list and an
// object can't be merged; a scalar takes the place of what was there.
func (c *chunk) become(v *Value, kind Kind, off int) error {
	was := v.Kind
	if was == kind && (kind == Object || kind == Array) {
		return nil
	}
	if was == Object && kind == Array || was == Array && kind == Object {
		return c.fail(off, CannotMerge, "an object and a list can't be merged: the other one is at %s", v.Pos())
	}
	if was == Object || was == Array {
		old := *v
		old.Over = nil
		v.Over = append(v.Over, &old)
		v.Items, v.members, v.index = nil, nil, nil
		v.at = place{c.src, off}
	}
	v.Kind = kind
	return nil
}
