"""The same gradients worked out by hand, for one program at a time: how fast can it be done at all?

Nothing here is used by the packages. The parameters of a layer, for each unit its weights and then
its bias, are a matrix with a column for each input and one more, for the constant input 1.
"""
