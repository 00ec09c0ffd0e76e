# SPDX-License-Identifier: Apache-2.0
# distutils: language = c++
# cython: language_level=3, freethreading_compatible=False
"""Recipes of chat templates, over core/text_recipe.hpp: from messages to the prompt without a template engine.

Only finds the recipe, converts and calls. Must not know how recipes are made, nor templates.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItemWithError
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_DATA, PyUnicode_GET_LENGTH, PyUnicode_KIND, PyUnicode_New
from libc.stdint cimport uint8_t
from libc.string cimport memcmp
from libcpp cimport bool as cpp_bool
from libcpp.memory cimport make_unique, unique_ptr
from libcpp.string cimport string
from libcpp.vector cimport vector

__all__ = ["ArgumentsPrinter", "Recipe", "RecipeBook", "texts_of"]

cdef extern from *:
    """
    #if PY_VERSION_HEX >= 0x030C0000
    #define fastfront_is_ready(text) 1
    #else
    #define fastfront_is_ready(text) PyUnicode_IS_READY(text)
    #endif
    """
    bint fastfront_is_ready(object text) noexcept
    Py_UCS4 PyUnicode_MAX_CHAR_VALUE(object text) noexcept

cdef dict CUTS = {
    "strip": <int>Cut.strip,
    "lstrip": <int>Cut.lstrip,
    "rstrip": <int>Cut.rstrip,
    "before": <int>Cut.before,
    "after": <int>Cut.after,
}
cdef dict QUESTIONS = {
    "non_empty": <int>Question.non_empty,
    "contains": <int>Question.contains,
    "starts_with": <int>Question.starts_with,
    "ends_with": <int>Question.ends_with,
    "equals": <int>Question.equals,
}

cdef vector[char32_t] as_chars(str text) except *:
    cdef vector[char32_t] chars
    cdef Py_UCS4 c
    chars.reserve(<size_t>len(text))
    for c in text:
        chars.push_back(c)
    return chars


cdef u32string_view as_view(const vector[char32_t]& chars) noexcept:
    return u32string_view(chars.data(), chars.size())


cdef bint view_of(object text, TextView& view) noexcept:
    """Fill a view of the text, which must outlive it. False: no plain str."""
    if type(text) is not str or not fastfront_is_ready(text):
        return False
    view.data = PyUnicode_DATA(text)
    view.size = <size_t>PyUnicode_GET_LENGTH(text)
    view.width = <uint8_t>PyUnicode_KIND(text)
    view.max_char = <char32_t>PyUnicode_MAX_CHAR_VALUE(text)
    return True


include "chat_shape.pxi"


cdef int form_of(as_parts) except -1:
    if as_parts is None:
        return AS_IS
    return AS_PARTS if as_parts else AS_TEXT


cdef object join(TextRecipe* recipe, vector[TextView]& views):
    """The prompt, or None if the contents (the first of the views) are not of the recipe's kind."""
    views.resize(recipe.views())
    if not recipe.evaluate(view_span(views.data(), views.size())):
        return None
    cdef Extent extent = recipe.measure(view_span(views.data(), views.size()))
    text = PyUnicode_New(<Py_ssize_t>extent.size, <Py_UCS4>extent.max_char)
    if extent.size:
        recipe.write(
            const_view_span(views.data(), views.size()), PyUnicode_DATA(text), <uint8_t>PyUnicode_KIND(text)
        )
    return text


cdef class Recipe:
    cdef unique_ptr[TextRecipe] ptr
    cdef readonly bint used
    cdef readonly tuple steps
    cdef readonly tuple pieces
    cdef public object plan

    def __init__(self, size_t contents, steps, pieces):
        self.steps, self.pieces = tuple(steps), tuple(pieces)
        self.ptr = make_unique[TextRecipe](contents)
        cdef TextRecipe* recipe = self.ptr.get()
        cdef vector[char32_t] chars
        cdef maybe_text text
        cdef cpp_bool known
        for view, name, argument, answer in self.steps:
            chars = as_chars(argument or "")
            if name in CUTS:
                text = maybe_text() if argument is None else maybe_text(as_view(chars))
                known = recipe.add_cut(<size_t>view, <Cut><int>CUTS[name], text)
            else:
                known = recipe.add_guard(<size_t>view, <Question><int>QUESTIONS[name], as_view(chars), <bint>answer)
            if not known:
                raise ValueError(f"a recipe cannot {name} view {view}")
        for piece in self.pieces:
            if type(piece) is str:
                chars = as_chars(piece)
                recipe.add_literal(as_view(chars))
            elif not recipe.add_piece(<size_t>piece):
                raise ValueError(f"a recipe has no view {piece}")

    def __len__(self):
        return <Py_ssize_t>self.ptr.get().contents()

    def render(self, list contents not None):
        cdef vector[TextView] views
        views.resize(<size_t>len(contents))
        if views.size() != self.ptr.get().contents():
            raise ValueError("not as many contents as the recipe takes")
        for index, content in enumerate(contents):
            if not view_of(content, views[<size_t>index]):
                return None
        return join(self.ptr.get(), views)


cdef class RecipeBook:
    cdef dict _recipes
    cdef object _on_first_use
    cdef ArgumentsPrinter _printer
    # Kept between calls for its memory: the GIL is held from filling to last use.
    cdef vector[TextView] _views

    def __init__(self, on_first_use=None, ArgumentsPrinter printer=None):
        self._recipes = {}
        self._on_first_use = on_first_use
        self._printer = printer

    def read(self, messages, as_parts=None):
        cdef string letters
        cdef list texts = []
        cdef vector[size_t] arguments
        if type(messages) is not list or not read_messages(<list>messages, form_of(as_parts), letters, texts, arguments):
            return None
        if not arguments.empty() and (self._printer is None or not self._printer.print_all(texts, arguments)):
            return None
        return bytes(letters), texts

    def __len__(self):
        return len(self._recipes)

    def recipes(self, bytes shape not None):
        return len(self._recipes.get(shape, ()))

    def of_shape(self, bytes shape not None):
        return self._recipes.get(shape, ())

    def add(self, bytes shape not None, Recipe recipe not None):
        if recipe.ptr.get().contents() != <size_t>sum(map(texts_of, shape.decode())):
            raise ValueError("not as many contents as the shape has")
        self._recipes[shape] = (*self._recipes.get(shape, ()), recipe)

    def drop(self, bytes shape not None):
        self._recipes.pop(shape, None)

    def render(self, messages, as_parts=None):
        cdef string letters
        cdef list texts = []
        cdef vector[size_t] arguments
        cdef Recipe recipe
        cdef Py_ssize_t count, n
        if type(messages) is not list or not read_messages(<list>messages, form_of(as_parts), letters, texts, arguments):
            return None
        shape = <bytes>letters
        found = self._recipes.get(shape)
        if found is None:
            return None
        if not arguments.empty() and (self._printer is None or not self._printer.print_all(texts, arguments)):
            return None
        count = PyList_GET_SIZE(texts)
        for recipe in <tuple>found:
            self._views.resize(<size_t>count)
            for n in range(count):
                if not view_of(<object>PyList_GET_ITEM(texts, n), self._views[<size_t>n]):
                    return None
            text = join(recipe.ptr.get(), self._views)
            if text is not None:
                if not recipe.used:
                    recipe.used = True
                    if self._on_first_use is not None:
                        self._on_first_use(shape, texts)
                return text
        return None
