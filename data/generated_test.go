package data

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"testing"
)

func generatedSource(kind string, size int) Source {
	return Source{Kind: kind, Size: size, Channels: 3, Train: 64, Test: 32, Seed: 5}
}

func mustLoad(t testing.TB, src Source, split Split) *Set {
	t.Helper()
	s, err := Load("", src, split)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGeneratedImagesAreTheseOnEveryPlatform(t *testing.T) {
	for _, c := range []struct {
		kind string
		size int
		want string
	}{
		{"shapes", 16, "a516708bcb732265"},
		{"shapes", 32, "52ed54a0dbbd79e8"},
		{"textures", 16, "17265232fa82f631"},
		{"textures", 32, "00ee3d9ace348a65"},
	} {
		s := mustLoad(t, generatedSource(c.kind, c.size), Train)
		if got := fmt.Sprintf("%x", sha256.Sum256(s.Pixels))[:16]; got != c.want {
			t.Errorf("%s of %d pixels: got %s, want %s", c.kind, c.size, got, c.want)
		}
	}
}

func TestGeneratedSetsAreBalancedAndTheirSplitsDisjoint(t *testing.T) {
	for _, kind := range []string{"shapes", "textures"} {
		t.Run(kind, func(t *testing.T) {
			train, test := mustLoad(t, generatedSource(kind, 16), Train), mustLoad(t, generatedSource(kind, 16), Test)
			if train.Len() != 64 || test.Len() != 32 {
				t.Fatalf("got %d and %d images, want 64 and 32", train.Len(), test.Len())
			}
			checkSet(t, train)
			counts := make([]int, len(train.Classes))
			for _, label := range train.Labels {
				counts[label]++
			}
			if slices.Min(counts) != slices.Max(counts) {
				t.Errorf("got %v images a class, want equal numbers", counts)
			}
			seen := make(map[string]bool)
			for _, s := range []*Set{train, test} {
				for i := range s.Len() {
					if pixels := string(s.Image(i)); seen[pixels] {
						t.Fatalf("image %d is there twice", i)
					} else {
						seen[pixels] = true
					}
				}
			}
		})
	}
}

func TestGeneratedImagesDependOnSeedAndPositionAlone(t *testing.T) {
	for _, kind := range []string{"shapes", "textures"} {
		t.Run(kind, func(t *testing.T) {
			short, long, other := generatedSource(kind, 16), generatedSource(kind, 16), generatedSource(kind, 16)
			long.Train, other.Seed = 96, 6
			a, b, c := mustLoad(t, short, Train), mustLoad(t, long, Train), mustLoad(t, other, Train)
			if !bytes.Equal(a.Pixels, b.Pixels[:len(a.Pixels)]) {
				t.Error("more images have changed the first ones")
			}
			if bytes.Equal(a.Image(0), c.Image(0)) {
				t.Error("another seed draws the same image")
			}
		})
	}
}

func TestGeneratedImagesCanBeGray(t *testing.T) {
	src := generatedSource("shapes", 16)
	colour := mustLoad(t, src, Train)
	src.Channels = 1
	gray := mustLoad(t, src, Train)
	for i := range gray.Len() {
		for p, got := range gray.Image(i) {
			if want := luma(colour.Image(i)[3*p : 3*p+3]); got != want {
				t.Fatalf("image %d, pixel %d: got %d, want %d", i, p, got, want)
			}
		}
	}
}

func TestLoadRefusesWhatCannotBeDrawn(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Source)
		says   string
	}{
		{"no size", func(s *Source) { s.Size = 0 }, "size 0"},
		{"a size too large", func(s *Source) { s.Size = 1025 }, "size 1025"},
		{"two channels", func(s *Source) { s.Channels = 2 }, "channels 2"},
		{"no images", func(s *Source) { s.Train = 0 }, "0 images"},
		{"a negative number of images", func(s *Source) { s.Train = -1 }, "-1 images"},
		{"more than memory holds", func(s *Source) { s.Size, s.Train = 1024, 1<<31-1 }, "GiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := generatedSource("textures", 16)
			c.change(&src)
			_, err := Load("", src, Train)
			wantError(t, err, "textures", c.says)
		})
	}
}

// A network must be needed: what a linear classifier learns from all training pixels does not carry over.
func TestALinearClassifierDoesNotSolveTheGeneratedSets(t *testing.T) {
	for _, kind := range []string{"shapes", "textures"} {
		t.Run(kind, func(t *testing.T) {
			src := Source{Kind: kind, Size: 16, Channels: 3, Train: 1000, Test: 400, Seed: 1}
			train, test := mustLoad(t, src, Train), mustLoad(t, src, Test)
			if accuracy := linearAccuracy(train, test); accuracy > 0.4 {
				t.Errorf("a linear classifier reaches %.0f %%: the set is too easy", 100*accuracy)
			}
		})
	}
}

// linearAccuracy trains softmax regression by gradient descent and returns its accuracy on the test split.
func linearAccuracy(train, test *Set) float64 {
	norm := MeasureNormalisation(train)
	n, classes := train.imageLen(), len(train.Classes)
	weights := make([]float32, classes*n)
	for range 10 {
		for b := range EvaluationBatches(train, norm, 1) {
			scores := linearScores(weights, b.Images, classes)
			for class, p := range softmax(scores) {
				if class == int(b.Labels[0]) {
					p--
				}
				for i, x := range b.Images {
					weights[class*n+i] -= 0.001 * p * x
				}
			}
		}
	}
	right := 0
	for b := range EvaluationBatches(test, norm, 1) {
		scores := linearScores(weights, b.Images, classes)
		if slices.Index(scores, slices.Max(scores)) == int(b.Labels[0]) {
			right++
		}
	}
	return float64(right) / float64(test.Len())
}

func linearScores(weights, image []float32, classes int) []float32 {
	scores := make([]float32, classes)
	for class := range scores {
		for i, w := range weights[class*len(image) : (class+1)*len(image)] {
			scores[class] += w * image[i]
		}
	}
	return scores
}

func softmax(scores []float32) []float32 {
	var sum float32
	p := make([]float32, len(scores))
	for i, s := range scores {
		p[i] = float32(math.Exp(float64(s - slices.Max(scores))))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// A horizontal flip is part of the augmentation, so it must not make another class of an outline: mirrored about one of
// its own axes, each outline is itself.
func TestOutlinesAreTheirOwnMirrorImages(t *testing.T) {
	for _, o := range outlines() {
		if !symmetric(o, -1, 1) && !symmetric(o, 1, -1) {
			t.Errorf("%s has no axis of symmetry", o.name)
		}
	}
}

// symmetric tells whether an outline stays as it is when its points are multiplied by (x, y).
func symmetric(o outline, x, y float64) bool {
	for i := range 41 {
		for j := range 41 {
			px, py := centre(i, 41), centre(j, 41)
			if o.contains(px, py) != o.contains(x*px, y*py) {
				return false
			}
		}
	}
	return true
}
