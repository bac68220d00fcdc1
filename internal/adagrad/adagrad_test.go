package adagrad

import (
	"math"
	"os"
	"os/exec"
	"regexp"
	"testing"
)

func TestStep(t *testing.T) {
	up, down := NewStep(.01, 99), NewStep(-.01, 99)
	s := up.Apply(0, 0)
	// 0.5·0.01/√(0.0001+0.01·0.01), the sum cut to eight bits.
	if want := int(math.RoundToEven(.5 * .01 / math.Sqrt(.0001+.0001) * Unit)); s.Weight() < want || s.Weight() > want+2 {
		t.Errorf("the first step is %d, want about %d", s.Weight(), want)
	}
	if two := up.Apply(s, 50); two.Weight()-s.Weight() >= s.Weight() || two.Weight() <= s.Weight() {
		t.Errorf("steps %d, then to %d", s.Weight(), two.Weight())
	}
	if got := down.Apply(0, 1000).Weight(); got >= 1000 || got < 500 {
		t.Errorf("a step from a prior of 1000 leads to %d", got)
	}
	if got := up.Revert(s); got.Weight() < -1 || got.Weight() > 120 || got.sum() > 1e-6 {
		t.Errorf("taken back: %d, %g", got.Weight(), got.sum())
	}
	for range 1 << 20 {
		s = NewStep(1, 0).Apply(s, 0)
	}
	if s.Weight() > maxWeight || s.Weight() < 0 {
		t.Errorf("weight %d", s.Weight())
	}
}

// TestNoFusedOperations reads what the compiler makes for arm64, where a product
// and a sum may become one operation with one rounding.
func TestNoFusedOperations(t *testing.T) {
	cmd := exec.Command("go", "build", "-gcflags=-S", ".")
	cmd.Env = append(os.Environ(), "GOARCH=arm64", "GOOS=linux", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if n := len(regexp.MustCompile(`\sFSQRTD\s`).FindAll(out, -1)); n < 2 {
		t.Fatalf("the listing has %d square roots", n)
	}
	if op := regexp.MustCompile(`\sFN?M(ADD|SUB)[SD]\s[^\n]*`).Find(out); op != nil {
		t.Errorf("%s", op)
	}
}
