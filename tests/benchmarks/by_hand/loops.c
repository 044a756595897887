/* By hand in C: W2, W3, W5. The sizes come from the compiler's command line.

   Sums run over the outer of two loops, so that the inner one is independent operations side by
   side: the compiler can then use vector instructions without changing the order of additions. */

#include <math.h>
#include <string.h>

/* W2: loss and gradient of an MLP 2-WIDTH-WIDTH-1 on some samples. */

double two_moons(const double (*x)[2], const double *y, const double *restrict w, double *restrict v,
                 long samples)
{
    enum { W2 = 3 * WIDTH, W3 = W2 + WIDTH * (WIDTH + 1), ALL = W3 + WIDTH + 1 };
    const double (*w1)[3] = (const void *)w, (*w2)[WIDTH + 1] = (const void *)(w + W2), *w3 = w + W3;
    double (*v1)[3] = (void *)v, (*v2)[WIDTH + 1] = (void *)(v + W2), *v3 = v + W3;
    double by_input[3][WIDTH], by_input2[WIDTH + 1][WIDTH], by_w1[3][WIDTH] = {0};
    double loss = 0;

    for (int j = 0; j < WIDTH; j++) {
        for (int i = 0; i < 3; i++)
            by_input[i][j] = w1[j][i];
        for (int i = 0; i <= WIDTH; i++)
            by_input2[i][j] = w2[j][i];
    }
    for (int k = 0; k < ALL; k++) {
        loss += 1e-4 * w[k] * w[k];
        v[k] = 2e-4 * w[k];
    }
    for (int s = 0; s < samples; s++) {
        double h1[WIDTH], h2[WIDTH], by_h1[WIDTH] = {0}, score = w3[WIDTH];
        for (int j = 0; j < WIDTH; j++) {
            double a = by_input[0][j] * x[s][0] + by_input[1][j] * x[s][1] + by_input[2][j];
            h1[j] = a > 0 ? a : 0;
            h2[j] = by_input2[WIDTH][j];
        }
        for (int i = 0; i < WIDTH; i++)
            for (int j = 0; j < WIDTH; j++)
                h2[j] += by_input2[i][j] * h1[i];
        for (int j = 0; j < WIDTH; j++) {
            h2[j] = h2[j] > 0 ? h2[j] : 0;
            score += w3[j] * h2[j];
        }
        double margin = 1 - y[s] * score;
        if (margin <= 0)
            continue;
        loss += margin / samples;
        double by_score = -y[s] / samples;
        v3[WIDTH] += by_score;
        for (int j = 0; j < WIDTH; j++) {
            if (h2[j] <= 0)
                continue;
            v3[j] += by_score * h2[j];
            double by_a = by_score * w3[j];
            v2[j][WIDTH] += by_a;
            for (int i = 0; i < WIDTH; i++) {
                v2[j][i] += by_a * h1[i];
                by_h1[i] += by_a * w2[j][i];
            }
        }
        for (int j = 0; j < WIDTH; j++) {
            double by_a = h1[j] > 0 ? by_h1[j] : 0;
            by_w1[0][j] += by_a * x[s][0];
            by_w1[1][j] += by_a * x[s][1];
            by_w1[2][j] += by_a;
        }
    }
    for (int j = 0; j < WIDTH; j++)
        for (int i = 0; i < 3; i++)
            v1[j][i] += by_w1[i][j];
    return loss;
}

/* W5: one step of stochastic gradient descent of a network FEATURES-UNITS-1. */

double single_sample(double *restrict w, const double *restrict x, double sign)
{
    double (*w1)[FEATURES + 1] = (void *)w, *w2 = w + UNITS * (FEATURES + 1);
    const double kept = 1 - RATE * WEIGHT_DECAY;
    double o[UNITS], logit = w2[UNITS];

    for (int j = 0; j < UNITS; j++) {
        double parts[4] = {w1[j][FEATURES]}; /* four sums at a time */
        for (int i = 0; i < FEATURES; i++)
            parts[i % 4] += w1[j][i] * x[i];
        o[j] = tanh(parts[0] + parts[1] + parts[2] + parts[3]);
        logit += w2[j] * o[j];
    }
    double margin = sign * logit, small = exp(-fabs(margin));
    double by_logit = sign * (margin > 0 ? 1 : small) / (1 + small);
    for (int j = 0; j < UNITS; j++) {
        double by_a = by_logit * w2[j] * (1 - o[j] * o[j]);
        w2[j] = kept * w2[j] - RATE * by_logit * o[j];
        for (int i = 0; i < FEATURES; i++)
            w1[j][i] = kept * w1[j][i] - RATE * by_a * x[i];
        w1[j][FEATURES] = kept * w1[j][FEATURES] - RATE * by_a;
    }
    w2[UNITS] = kept * w2[UNITS] - RATE * by_logit;
    return fmax(margin, 0) + log1p(small);
}

/* W3: loss and gradient of the GPT on one name of STEPS + 1 tokens. */

enum { D = GPT_WIDTH, SIZE = GPT_WIDTH / HEADS, HIDDEN = 4 * GPT_WIDTH };

struct gpt {
    double tokens[TOKENS][D], positions[BLOCK][D];
    double query[D][D], key[D][D], value[D][D], output[D][D];
    double widen[HIDDEN][D], narrow[D][HIDDEN], logits[TOKENS][D];
};

/* z[t] = W x[t] at every position t; W is turned first, so that the inner loop runs over rows of W. */
#define TIMES(z, W, x, rows, columns)                                                         \
    do {                                                                                      \
        double turned[columns][rows];                                                         \
        for (int j = 0; j < rows; j++)                                                        \
            for (int i = 0; i < columns; i++)                                                 \
                turned[i][j] = W[j][i];                                                       \
        memset(z, 0, sizeof(double[STEPS][rows]));                                            \
        for (int t = 0; t < STEPS; t++)                                                       \
            for (int i = 0; i < columns; i++)                                                 \
                for (int j = 0; j < rows; j++)                                                \
                    z[t][j] += turned[i][j] * x[t][i];                                        \
    } while (0)

/* Add what the derivative by z of z[t] = W x[t] gives to those by W and by x. */
#define BY_TIMES(by_W, by_x, by_z, W, x, rows, columns)                                       \
    do {                                                                                      \
        for (int t = 0; t < STEPS; t++)                                                       \
            for (int j = 0; j < rows; j++)                                                    \
                for (int i = 0; i < columns; i++) {                                           \
                    by_W[j][i] += by_z[t][j] * x[t][i];                                       \
                    by_x[t][i] += by_z[t][j] * W[j][i];                                       \
                }                                                                             \
    } while (0)

static void normed(double z[STEPS][D], double scale[STEPS], double x[STEPS][D])
{
    for (int t = 0; t < STEPS; t++) {
        double squares = 0;
        for (int i = 0; i < D; i++)
            squares += x[t][i] * x[t][i];
        scale[t] = 1 / sqrt(squares / D + SMALL);
        for (int i = 0; i < D; i++)
            z[t][i] = x[t][i] * scale[t];
    }
}

static void by_normed(double by_x[STEPS][D], double by_z[STEPS][D], double z[STEPS][D], double scale[STEPS])
{
    for (int t = 0; t < STEPS; t++) {
        double along = 0;
        for (int i = 0; i < D; i++)
            along += by_z[t][i] * z[t][i];
        for (int i = 0; i < D; i++)
            by_x[t][i] += (by_z[t][i] - z[t][i] * along / D) * scale[t];
    }
}

double gpt(const long *token, const struct gpt *restrict w, struct gpt *restrict v)
{
    double embedded[STEPS][D], x0[STEPS][D], n1[STEPS][D], n2[STEPS][D], x1[STEPS][D], x2[STEPS][D];
    double query[STEPS][D], key[STEPS][D], value[STEPS][D], mixed[STEPS][D] = {0}, added[STEPS][D];
    double shares[HEADS][STEPS][STEPS], wide[STEPS][HIDDEN], logits[STEPS][TOKENS];
    double scale0[STEPS], scale1[STEPS], scale2[STEPS], loss = 0;
    const double root = 1 / sqrt(SIZE);

    for (int t = 0; t < STEPS; t++)
        for (int i = 0; i < D; i++)
            embedded[t][i] = w->tokens[token[t]][i] + w->positions[t][i];
    normed(x0, scale0, embedded);
    normed(n1, scale1, x0);
    TIMES(query, w->query, n1, D, D);
    TIMES(key, w->key, n1, D, D);
    TIMES(value, w->value, n1, D, D);
    for (int h = 0; h < HEADS; h++)
        for (int t = 0; t < STEPS; t++) {
            double all = 0;
            for (int u = 0; u <= t; u++) {
                double fit = 0;
                for (int i = h * SIZE; i < (h + 1) * SIZE; i++)
                    fit += query[t][i] * key[u][i];
                all += shares[h][t][u] = exp(fit * root);
            }
            for (int u = 0; u <= t; u++) {
                shares[h][t][u] /= all;
                for (int i = h * SIZE; i < (h + 1) * SIZE; i++)
                    mixed[t][i] += shares[h][t][u] * value[u][i];
            }
        }
    TIMES(added, w->output, mixed, D, D);
    for (int t = 0; t < STEPS; t++)
        for (int i = 0; i < D; i++)
            x1[t][i] = x0[t][i] + added[t][i];
    normed(n2, scale2, x1);
    TIMES(wide, w->widen, n2, HIDDEN, D);
    for (int t = 0; t < STEPS; t++)
        for (int i = 0; i < HIDDEN; i++)
            wide[t][i] = wide[t][i] > 0 ? wide[t][i] : 0;
    TIMES(added, w->narrow, wide, D, HIDDEN);
    for (int t = 0; t < STEPS; t++)
        for (int i = 0; i < D; i++)
            x2[t][i] = x1[t][i] + added[t][i];
    TIMES(logits, w->logits, x2, TOKENS, D);

    double by_x[STEPS][D] = {0}, by_n[STEPS][D] = {0}, by_wide[STEPS][HIDDEN] = {0}, by_mixed[STEPS][D] = {0};
    double by_query[STEPS][D] = {0}, by_key[STEPS][D] = {0}, by_value[STEPS][D] = {0};
    double by_embedded[STEPS][D] = {0};

    memset(v, 0, sizeof *v);
    for (int t = 0; t < STEPS; t++) {
        double all = 0, logit = logits[t][token[t + 1]];
        for (int i = 0; i < TOKENS; i++)
            all += logits[t][i] = exp(logits[t][i]);
        loss += (log(all) - logit) / STEPS;
        for (int i = 0; i < TOKENS; i++)
            logits[t][i] = (logits[t][i] / all - (i == token[t + 1])) / STEPS; /* now the derivative */
    }
    BY_TIMES(v->logits, by_x, logits, w->logits, x2, TOKENS, D);
    BY_TIMES(v->narrow, by_wide, by_x, w->narrow, wide, D, HIDDEN);
    for (int t = 0; t < STEPS; t++)
        for (int i = 0; i < HIDDEN; i++)
            by_wide[t][i] = wide[t][i] > 0 ? by_wide[t][i] : 0;
    BY_TIMES(v->widen, by_n, by_wide, w->widen, n2, HIDDEN, D);
    by_normed(by_x, by_n, n2, scale2);
    BY_TIMES(v->output, by_mixed, by_x, w->output, mixed, D, D);
    for (int h = 0; h < HEADS; h++)
        for (int t = 0; t < STEPS; t++) {
            double by_share[STEPS], along = 0;
            for (int u = 0; u <= t; u++) {
                by_share[u] = 0;
                for (int i = h * SIZE; i < (h + 1) * SIZE; i++) {
                    by_share[u] += by_mixed[t][i] * value[u][i];
                    by_value[u][i] += by_mixed[t][i] * shares[h][t][u];
                }
                along += by_share[u] * shares[h][t][u];
            }
            for (int u = 0; u <= t; u++) {
                double by_fit = shares[h][t][u] * (by_share[u] - along) * root;
                for (int i = h * SIZE; i < (h + 1) * SIZE; i++) {
                    by_query[t][i] += by_fit * key[u][i];
                    by_key[u][i] += by_fit * query[t][i];
                }
            }
        }
    memset(by_n, 0, sizeof by_n);
    BY_TIMES(v->query, by_n, by_query, w->query, n1, D, D);
    BY_TIMES(v->key, by_n, by_key, w->key, n1, D, D);
    BY_TIMES(v->value, by_n, by_value, w->value, n1, D, D);
    by_normed(by_x, by_n, n1, scale1);
    by_normed(by_embedded, by_x, x0, scale0);
    for (int t = 0; t < STEPS; t++)
        for (int i = 0; i < D; i++) {
            v->tokens[token[t]][i] += by_embedded[t][i];
            v->positions[t][i] += by_embedded[t][i];
        }
    return loss;
}
