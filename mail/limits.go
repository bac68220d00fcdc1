package mail

func (l Limits) withDefaults() Limits {
	l.Size = limit(l.Size, 50<<20)
	l.HeaderBytes = limit(l.HeaderBytes, 1<<20)
	l.Headers = limit(l.Headers, 10_000)
	l.Parts = limit(l.Parts, 1_000)
	l.Depth = limit(l.Depth, 50)
	l.DecodedBytes = limit(l.DecodedBytes, 100<<20)
	l.TextBytes = limit(l.TextBytes, 2<<20)
	l.HTMLTags = limit(l.HTMLTags, 8192)
	l.URLs = limit(l.URLs, 1024)
	l.Words = limit(l.Words, 100_000)
	return l
}

func limit[T int | int64](v, def T) T {
	if v == 0 {
		return def
	}
	return max(v, 0)
}
