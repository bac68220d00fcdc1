package neural

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// A net has an input for each of its symbols and numbers, a hidden layer of one and a
// half times as many units, which are cut at 0 (ReLU), and one output between -1, ham,
// and 1, spam (tanh). Products are rounded before they are added, so that no machine
// fuses the two.
type net struct {
	head
	in    []float32 // by input and unit
	bias  []float32 // by unit
	out   []float32 // by unit, then the output's bias
	index map[string]int
}

// A head is what is known of a net beside its weights.
type head struct {
	Columns  []string // the symbols, sorted
	Hidden   int      // units of the hidden layer
	Profile  []string `json:",omitempty"` // the site's symbols when it was trained
	Spam     int
	Ham      int
	Usages   int
	Accuracy float64
}

// hiddenOf is how many units n inputs have, as in Rspamd.
func hiddenOf(n int) int { return n + n/2 + 1 }

func newNet(h head) *net {
	inputs := len(h.Columns) + numbers
	if h.Hidden == 0 {
		h.Hidden = hiddenOf(inputs)
	}
	n := &net{head: h, index: make(map[string]int, len(h.Columns))}
	n.in = make([]float32, inputs*n.Hidden)
	n.bias, n.out = make([]float32, n.Hidden), make([]float32, n.Hidden+1)
	for i, name := range h.Columns {
		n.index[name] = i
	}
	return n
}

// randomize sets first weights, uniform within what the width of a layer allows.
// Those of a symbol depend on its name and the seed alone.
func (n *net) randomize(seed uint64) {
	fill := func(w []float32, name string, limit float64) {
		s := mix(seed)
		for _, c := range []byte(name) {
			s = mix(s ^ uint64(c))
		}
		for i := range w {
			s = mix(s)
			w[i] = float32(float64(float64(int64(s>>11)-1<<52)/(1<<52)) * limit)
		}
	}
	for i := range len(n.Columns) + numbers {
		name := fmt.Sprint("#", i-len(n.Columns))
		if i < len(n.Columns) {
			name = n.Columns[i]
		}
		fill(n.in[i*n.Hidden:(i+1)*n.Hidden], name, 0.2) // some 30 inputs are there at once
	}
	fill(n.out[:n.Hidden], "", math.Sqrt(3/float64(n.Hidden)))
}

// mix is SplitMix64.
func mix(s uint64) uint64 {
	s += 0x9e3779b97f4a7c15
	s = (s ^ s>>30) * 0xbf58476d1ce4e5b9
	s = (s ^ s>>27) * 0x94d049bb133111eb
	return s ^ s>>31
}

// A sparse input: those that are not 0.
type sparse struct {
	at    []int
	value []float32
}

// input is what the net sees of a vector.
func (n *net) input(v *Vector) (x sparse) {
	for _, name := range v.Symbols {
		if i, ok := n.index[name]; ok {
			x.at, x.value = append(x.at, i), append(x.value, 1)
		}
	}
	for i, b := range v.Numbers {
		if b > 0 && i < numbers {
			x.at, x.value = append(x.at, len(n.Columns)+i), append(x.value, float32(b)/255)
		}
	}
	return x
}

// forward returns the output, and leaves the hidden layer in units.
func (n *net) forward(x sparse, units []float32) float64 {
	copy(units, n.bias)
	for k, i := range x.at {
		value := x.value[k]
		for j, w := range n.in[i*n.Hidden : (i+1)*n.Hidden] {
			units[j] += float32(w * value)
		}
	}
	sum := float64(n.out[n.Hidden])
	for j, u := range units {
		if u < 0 {
			units[j] = 0
			continue
		}
		sum += float64(float64(u) * float64(n.out[j]))
	}
	return tanh(sum)
}

// score is what the net says of a vector, from -1 to 1.
func (n *net) score(v *Vector) float64 {
	return n.forward(n.input(v), make([]float32, n.Hidden))
}

// tanh is that function; math's is not the same on all machines.
func tanh(x float64) float64 {
	if x < 0 {
		return -tanh(-x)
	}
	if x > 20 {
		return 1
	}
	e := exp(float64(-2 * x))
	return float64(1-e) / float64(1+e)
}

// exp is e^x for x from -40 to 0: by halving the argument and squaring back, with
// Taylor's series between.
func exp(x float64) float64 {
	const halvings = 10
	x = float64(x / (1 << halvings))
	sum, term := 1.0, 1.0
	for i := 1; i < 10; i++ {
		term = float64(term*x) / float64(i)
		sum += term
	}
	for range halvings {
		sum = float64(sum * sum)
	}
	return sum
}

// marshal returns the net as bytes.
func (n *net) marshal() ([]byte, error) {
	h, err := json.Marshal(n.head)
	if err != nil {
		return nil, err
	}
	b := append(binary.AppendUvarint([]byte{netVersion}, uint64(len(h))), h...)
	for _, w := range slices.Concat(n.in, n.bias, n.out) {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(w))
	}
	return b, nil
}

// netVersion changes with what marshal writes and the weights mean.
const netVersion = 1

// Bounds of nets that are read.
const maxColumns = 4096

var errNet = errors.New("not a net")

// parseNet reads what marshal wrote.
func parseNet(data []byte) (*net, error) {
	if len(data) == 0 || data[0] != netVersion {
		return nil, errNet
	}
	size, k := binary.Uvarint(data[1:])
	if data = data[1:]; k <= 0 || size > uint64(len(data)-k) {
		return nil, errNet
	}
	var h head
	if err := json.Unmarshal(data[k:k+int(size)], &h); err != nil {
		return nil, fmt.Errorf("%w: %w", errNet, err)
	}
	data = data[k+int(size):]
	inputs := len(h.Columns) + numbers
	if len(h.Columns) > maxColumns || h.Hidden < 1 || h.Hidden > hiddenOf(maxColumns) || len(data) != 4*(inputs*h.Hidden+2*h.Hidden+1) {
		return nil, errNet
	}
	n := newNet(h)
	for _, part := range [][]float32{n.in, n.bias, n.out} {
		for i := range part {
			part[i] = math.Float32frombits(binary.LittleEndian.Uint32(data))
			if w := float64(part[i]); math.IsNaN(w) || math.Abs(w) > 1e6 {
				return nil, errNet
			}
			data = data[4:]
		}
	}
	return n, nil
}
